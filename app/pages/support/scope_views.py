"""View models of scopes for the templates: of this server, and of each resource."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fastapi import Request

from app.models.clients.consents import Consent
from app.models.oauth.granted_resources import GrantedResources
from app.oauth.scopes import SCOPES
from app.pages.support.negotiation import language_for, text_for
from app.wiring import OAuth


class Described(Protocol):
    """A scope with a sentence for the consent page."""

    def text_in(self, language: str) -> str: ...


@dataclass(frozen=True, slots=True)
class ScopeView:
    name: str
    text: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class ResourceView:
    """A resource that a client wants tokens for, with the scopes there."""

    title: str
    identifier: str
    scopes: list[ScopeView]
    is_new: bool


def views_of_scopes(
    request: Request,
    scopes: Iterable[str],
    known: Consent | None,
    *,
    catalogue: Mapping[str, Described],
) -> list[ScopeView]:
    """Return the scopes in the order of `SCOPES`, then custom scopes sorted by name.

    Those of the catalogue have its text, others their name. Only Postern's own texts are translated
    by gettext, because templates treat its output as safe.
    """
    text, language = text_for(request), language_for(request)
    scopes_granted = known.scopes if known is not None else frozenset()
    requested = set(scopes)
    ordered = [name for name in SCOPES if name in requested] + sorted(requested - SCOPES.keys())

    def text_of(name: str) -> str:
        if name in SCOPES:
            return text(SCOPES[name])
        scope = catalogue.get(name)
        return scope.text_in(language) if scope is not None else name

    return [
        ScopeView(
            name,
            text_of(name),
            is_new=bool(scopes_granted) and name not in scopes_granted,
        )
        for name in ordered
    ]


async def views_of_resources(
    request: Request, granted: GrantedResources, known: Consent | None, *, oauth: OAuth
) -> list[ResourceView]:
    """Return the resources with their scopes, by title; those that were deleted are left out."""
    language = language_for(request)
    views = []
    for identifier, names in granted.scopes.items():
        resource = await oauth.resource_catalogue.find(identifier)
        if resource is None:
            continue
        before = known.granted.scopes.get(identifier) if known is not None else None
        scopes = [
            ScopeView(
                scope.name,
                scope.text_in(language),
                is_new=before is not None and scope.name not in before,
            )
            for scope in resource.scopes
            if scope.name in names
        ]
        is_new = known is not None and before is None
        views.append(ResourceView(resource.title, identifier, scopes, is_new))
    return sorted(views, key=lambda view: view.title)
