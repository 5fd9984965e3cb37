"""The clients that a user allowed, as the account page shows them: agents, and all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.models.clients.clients import Client
from app.models.clients.consents import Consent
from app.models.oauth.actors import Actor, parse_actors
from app.pages.account.base import AccountRequest
from app.pages.support.scope_views import (
    ResourceView,
    ScopeView,
    views_of_resources,
    views_of_scopes,
)
from app.pages.support.view_models import name_of_client
from app.repositories.clients.consents import Delegation
from app.security.document_urls import host_in


@dataclass(frozen=True, slots=True)
class DelegationView:
    """Access that another app passed on. `actors` are who acts, the current one first."""

    source: str
    actors: list[str]


@dataclass(frozen=True, slots=True)
class ApplicationView:
    """A client with what it may do. `host` is that of its metadata document, or ""."""

    client_id: str
    name: str
    host: str
    scopes: list[ScopeView]
    resources: list[ResourceView]
    granted_at: datetime
    last_used_at: datetime | None
    last_used_from: str
    delegations: list[DelegationView]
    is_agent: bool


async def applications_of(request: AccountRequest) -> list[ApplicationView]:
    """Return the clients that the user allowed, the newest grant first."""
    clients = request.services.clients
    uses = await clients.usage.uses_of_user(request.user.user_id)
    delegations = await clients.consents.delegations_of(request.user)
    catalogue = await request.services.oauth.scope_catalogue.scopes()
    views = []
    for consent in await clients.consents.list_of(request.user):
        client = await clients.clients.find(consent.client_id)
        if client is None:
            continue
        use = uses.get(client.client_id)
        views.append(
            ApplicationView(
                client_id=client.client_id,
                name=name_of_client(request.browser.request, client),
                host=_host_of(client),
                scopes=views_of_scopes(
                    request.browser.request, consent.scopes, consent, catalogue=catalogue
                ),
                resources=await views_of_resources(
                    request.browser.request, consent.granted, consent, oauth=request.services.oauth
                ),
                granted_at=consent.granted_at,
                last_used_at=use.last_used_at if use is not None else None,
                last_used_from=use.address if use is not None else "",
                delegations=[
                    await _delegation_view(request, each)
                    for each in delegations
                    if each.client_id == client.client_id
                ],
                is_agent=await _is_agent(request, client, consent),
            )
        )
    return views


def agents_in(applications: Sequence[ApplicationView]) -> list[ApplicationView]:
    return [application for application in applications if application.is_agent]


async def _is_agent(request: AccountRequest, client: Client, consent: Consent) -> bool:
    """Return whether a client has a metadata document, or access to a resource for agents."""
    if client.has_document:
        return True
    for identifier in consent.granted.scopes:
        resource = await request.services.oauth.resource_catalogue.find(identifier)
        if resource is not None and resource.is_for_agents:
            return True
    return False


def _host_of(client: Client) -> str:
    return host_in(client.identifier) if client.has_document else ""


async def _delegation_view(request: AccountRequest, delegation: Delegation) -> DelegationView:
    return DelegationView(
        source=await _name_of(request, delegation.subject_client_id),
        actors=[await _name_of_actor(request, each) for each in parse_actors(delegation.actors)],
    )


async def _name_of(request: AccountRequest, client_id: str) -> str:
    client = await request.services.clients.clients.find(client_id)
    return name_of_client(request.browser.request, client) if client is not None else client_id


async def _name_of_actor(request: AccountRequest, actor: Actor) -> str:
    """Return the name of an app, a user, or a subject of a trusted issuer."""
    if actor.user_id is None:
        return actor.subject or await _name_of(request, actor.client_id or "")
    user = await request.services.accounts.users.find(actor.user_id)
    return user.username if user is not None else actor.user_id
