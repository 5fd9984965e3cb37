"""What administrators do to groups, roles, attributes, scopes and clients, by the event that it
records."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.models.accounts.groups import Group
from app.models.accounts.roles import Role
from app.models.clients.client_documents import ClientDocument
from app.models.operations.webhooks import Webhook
from app.schemas.admin_scopes import AdminScope
from app.schemas.attributes import AttributeDefinitionBody
from app.schemas.client_policies import ClientPolicies
from app.schemas.groups import GroupBody, RoleBody
from app.schemas.identity_providers import IdentityProviderBody
from app.schemas.invitations import Invitation
from app.schemas.resources import ResourceBody
from app.schemas.scopes import ScopeBody
from app.schemas.trusted_issuers import TrustedIssuerBody
from app.schemas.webhooks import WebhookBody, WebhookEventType
from app.security.tokens import new_identifier
from app.services.accounts.administration.invitations import Invited
from app.services.accounts.administration.link_delivery import RETURNED
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import FULL
from app.wiring import Services
from tests.support.authorization_types import type_body
from tests.support.smtp import token_in
from tests.support.trusted_issuers import issuer_body

ADMIN = {"authority": FULL}
PROVIDER = "known"
ACTED_ON, DELETED = "acted_on", "deleted"
OF_RESOURCE = "acted-on"


@dataclass(frozen=True)
class Administered:
    """Groups and roles that the acts are about: one that the user has not, one that the user has,
    and one to delete. `token_id` is that of an initial access token. The webhooks are one to
    change, one to disable and one to delete. Users who are invited: again, who accept it, and no
    longer."""

    other_group: Group
    own_group: Group
    deleted_group: Group
    other_role: Role
    own_role: Role
    deleted_role: Role
    token_id: str
    changed_webhook: Webhook
    disabled_webhook: Webhook
    deleted_webhook: Webhook
    invited: Invited
    accepting: Invited
    uninvited: Invited


def webhook_body() -> WebhookBody:
    return WebhookBody(
        url="https://hooks.example.com/",
        description=new_identifier(),
        event_types=(WebhookEventType.USER_DELETED,),
    )


def definition(name: str, **values: Any) -> AttributeDefinitionBody:
    fields = {"name": name, "type": "string", "applies_to": "users", **values}
    return AttributeDefinitionBody.model_validate(fields)


def scope(name: str) -> ScopeBody:
    return ScopeBody(name=name, description=f"Something like {new_identifier()}")


def resource(name: str) -> ResourceBody:
    return ResourceBody(
        name=name,
        identifier=f"https://{name}.example",
        title=f"Something like {new_identifier()}",
        is_open_to_all_clients=True,
    )


def new_issuer(services: Services, name: str, client_id: str) -> TrustedIssuerBody:
    audience = f"{services.core.settings.issuer_url}/{new_identifier()}"
    return issuer_body(name, audience=audience, client_id=client_id)


async def prepared(services: Services, user_id: str, client_id: str) -> Administered:
    groups, roles = services.accounts.groups, services.accounts.roles
    made_groups = [await groups.create(GroupBody(name=new_identifier()), **ADMIN) for _ in "123"]
    made_roles = [await roles.create(RoleBody(name=new_identifier()), **ADMIN) for _ in "123"]
    _, token = await services.clients.initial_access_tokens.create(
        "a team", lasts=timedelta(days=1), **ADMIN
    )
    webhooks = services.operations.webhooks.webhooks
    made_webhooks = [(await webhooks.create(webhook_body(), **ADMIN)).webhook for _ in "123"]
    made_users = [await _invite(services) for _ in "123"]
    made = Administered(*made_groups, *made_roles, token.token_id, *made_webhooks, *made_users)
    await groups.add_member(made.own_group.group_id, user_id, **ADMIN)
    grants = services.accounts.role_grants
    await grants.grant_to_user(made.own_role.role_id, user_id, **ADMIN)
    await grants.grant_to_group(made.own_role.role_id, made.own_group.group_id, **ADMIN)
    for name in (ACTED_ON, DELETED):
        await services.accounts.attributes.define(definition(name), **ADMIN)
        await services.oauth.scopes.create(scope(name), **ADMIN)
        await services.oauth.resources.create(resource(name.replace("_", "-")), **ADMIN)
        await services.oauth.authorization_types.create(type_body(name), **ADMIN)
    for name in (OF_RESOURCE, DELETED):
        await services.oauth.trusted_issuers.create(new_issuer(services, name, client_id), **ADMIN)
    return made


async def _accept(the: Any) -> None:
    link = the.administered.accepting.link
    await the.services.accounts.invitations.accept(token_in(link), new_identifier())


async def _invite(services: Services) -> Invited:
    body = Invitation(email=f"{new_identifier()}@example.com")
    return await services.accounts.administration.invitations.invite(
        body, delivery=RETURNED, **ADMIN
    )


async def _end_redirect_uris(the: Any) -> None:
    core = the.services.core
    now, url = core.clock.now(), f"https://{new_identifier()}.example/client.json"
    event = core.audit.event(ServerEvent.CLIENT_REDIRECT_URIS_ENDED, client_id=url)
    members = json.dumps(
        {
            "client_name": "An agent",
            "token_endpoint_auth_method": "none",
            "grant_types": "authorization_code",
            "scope": "profile",
            "redirect_uris": "https://app.example.com/",
            "metadata": {},
            "policies": None,
        }
    )
    document = ClientDocument(
        url, url, url[8:-12], members, 0, None, None, None, now, now, now, now
    )
    await the.services.clients.client_document_repository.store(
        document, ended={"https://app.example.com/"}, now=now, event=event
    )


async def _unblock_a_host(the: Any) -> None:
    await the.services.clients.blocked_hosts.block("unblocked.example", **ADMIN)
    await the.services.clients.blocked_hosts.unblock("unblocked.example", **ADMIN)


async def _revoke_a_secret(the: Any) -> None:
    client_id, secrets = the.client.client_id, the.services.clients.secrets
    await secrets.replace(client_id, overlap=timedelta(days=1), **ADMIN)
    await secrets.revoke_previous(client_id, **ADMIN)


async def _revoke_a_registration_token(the: Any) -> None:
    client_id, tokens = the.client.client_id, the.services.clients.registration_tokens
    await tokens.issue(client_id, **ADMIN)
    await tokens.revoke(client_id, **ADMIN)


async def _renew_groups(the: Any) -> None:
    mappings = {"S": [the.administered.other_group.group_id]}
    group_mappings = the.services.federation.group_mappings
    await group_mappings.set(PROVIDER, groups_claim="groups", mappings=mappings, **ADMIN)
    provider = await the.services.federation.identity_providers.get(PROVIDER)
    await group_mappings.renew(the.user, provider, ["S"])


ACTS: dict[str, Callable[[Any], Awaitable[Any]]] = {
    "group.created": lambda the: the.services.accounts.groups.create(
        GroupBody(name=new_identifier()), **ADMIN
    ),
    "group.changed": lambda the: the.services.accounts.groups.change(
        the.administered.own_group.group_id, GroupBody(name=new_identifier()), **ADMIN
    ),
    "group.deleted": lambda the: the.services.accounts.groups.delete(
        the.administered.deleted_group.group_id, **ADMIN
    ),
    "user.group_joined": lambda the: the.services.accounts.groups.add_member(
        the.administered.other_group.group_id, the.user.user_id, **ADMIN
    ),
    "user.group_left": lambda the: the.services.accounts.groups.remove_member(
        the.administered.own_group.group_id, the.user.user_id, **ADMIN
    ),
    "role.created": lambda the: the.services.accounts.roles.create(
        RoleBody(name=new_identifier()), **ADMIN
    ),
    "role.changed": lambda the: the.services.accounts.roles.change(
        the.administered.own_role.role_id, RoleBody(name=new_identifier()), **ADMIN
    ),
    "role.deleted": lambda the: the.services.accounts.roles.delete(
        the.administered.deleted_role.role_id, **ADMIN
    ),
    "user.role_granted": lambda the: the.services.accounts.role_grants.grant_to_user(
        the.administered.other_role.role_id, the.user.user_id, **ADMIN
    ),
    "user.role_revoked": lambda the: the.services.accounts.role_grants.revoke_from_user(
        the.administered.own_role.role_id, the.user.user_id, **ADMIN
    ),
    "group.role_granted": lambda the: the.services.accounts.role_grants.grant_to_group(
        the.administered.other_role.role_id, the.administered.own_group.group_id, **ADMIN
    ),
    "group.role_revoked": lambda the: the.services.accounts.role_grants.revoke_from_group(
        the.administered.own_role.role_id, the.administered.own_group.group_id, **ADMIN
    ),
    "attribute.defined": lambda the: the.services.accounts.attributes.define(
        definition(f"a_{new_identifier()}"), **ADMIN
    ),
    "attribute.changed": lambda the: the.services.accounts.attributes.change(
        ACTED_ON, definition(ACTED_ON, description=new_identifier()), **ADMIN
    ),
    "attribute.deleted": lambda the: the.services.accounts.attributes.delete(DELETED, **ADMIN),
    "user.attributes_changed": lambda the: the.services.accounts.user_attributes.set(
        the.user.user_id, {ACTED_ON: new_identifier()}, **ADMIN
    ),
    "user.invited": lambda the: _invite(the.services),
    "invitation.sent": lambda the: the.services.accounts.administration.invitations.resend(
        the.administered.invited.user.user_id, delivery=RETURNED, **ADMIN
    ),
    "invitation.accepted": _accept,
    "invitation.revoked": lambda the: the.services.accounts.administration.invitations.revoke(
        the.administered.uninvited.user.user_id, **ADMIN
    ),
    "user.unlocked": lambda the: the.services.accounts.administration.credentials.unlock(
        the.user.user_id, **ADMIN
    ),
    "factors.reset": lambda the: the.services.accounts.administration.credentials.reset_factors(
        the.user.user_id, **ADMIN
    ),
    "client.policies_changed": lambda the: the.services.clients.policies.set(
        the.client.client_id, ClientPolicies(require_verified_email=True), **ADMIN
    ),
    "client.admin_scopes_changed": lambda the: the.services.clients.administration.set_admin_scopes(
        the.client.client_id, [AdminScope.USERS_READ], **ADMIN
    ),
    "scope.created": lambda the: the.services.oauth.scopes.create(scope(new_identifier()), **ADMIN),
    "scope.changed": lambda the: the.services.oauth.scopes.change(
        ACTED_ON, scope(ACTED_ON), **ADMIN
    ),
    "scope.deleted": lambda the: the.services.oauth.scopes.delete(DELETED, **ADMIN),
    "resource.created": lambda the: the.services.oauth.resources.create(
        resource(new_identifier()), **ADMIN
    ),
    "resource.changed": lambda the: the.services.oauth.resources.change(
        OF_RESOURCE, resource(OF_RESOURCE), **ADMIN
    ),
    "resource.deleted": lambda the: the.services.oauth.resources.delete(DELETED, **ADMIN),
    "issuer.created": lambda the: the.services.oauth.trusted_issuers.create(
        new_issuer(the.services, new_identifier(), the.client.client_id), **ADMIN
    ),
    "issuer.changed": lambda the: the.services.oauth.trusted_issuers.change(
        OF_RESOURCE,
        new_issuer(the.services, OF_RESOURCE, the.client.client_id),
        **ADMIN,
    ),
    "issuer.deleted": lambda the: the.services.oauth.trusted_issuers.delete(DELETED, **ADMIN),
    "authorization_type.created": lambda the: the.services.oauth.authorization_types.create(
        type_body(new_identifier()), **ADMIN
    ),
    "authorization_type.changed": lambda the: the.services.oauth.authorization_types.change(
        ACTED_ON, type_body(ACTED_ON, description=new_identifier()), **ADMIN
    ),
    "authorization_type.deleted": lambda the: the.services.oauth.authorization_types.delete(
        DELETED, **ADMIN
    ),
    "client.default_resource_changed": lambda the: the.services.oauth.default_resources.set(
        the.client.client_id, OF_RESOURCE, **ADMIN
    ),
    "client.host_blocked": lambda the: the.services.clients.blocked_hosts.block(
        f"{new_identifier()}.example", **ADMIN
    ),
    "client.host_unblocked": _unblock_a_host,
    "client.redirect_uris_ended": _end_redirect_uris,
    "client.invitation_revoked": lambda the: the.services.clients.initial_access_tokens.revoke(
        the.administered.token_id, **ADMIN
    ),
    "client.registration_token_issued": lambda the: the.services.clients.registration_tokens.issue(
        the.client.client_id, **ADMIN
    ),
    "client.registration_token_revoked": _revoke_a_registration_token,
    "client.secret_revoked": _revoke_a_secret,
    "client.secret_expiry_changed": lambda the: the.services.clients.secrets.set_expiry(
        the.client.client_id, the.services.core.clock.now() + timedelta(days=9), **ADMIN
    ),
    "provider.changed": lambda the: the.services.federation.administration.change(
        IdentityProviderBody(
            name=PROVIDER, label=new_identifier(), issuer="https://p.example", client_id="c"
        ),
        **ADMIN,
    ),
    "provider.group_mappings_changed": lambda the: the.services.federation.group_mappings.set(
        PROVIDER, groups_claim="groups", mappings={}, **ADMIN
    ),
    "user.groups_renewed": _renew_groups,
    "webhook.created": lambda the: the.services.operations.webhooks.webhooks.create(
        webhook_body(), **ADMIN
    ),
    "webhook.changed": lambda the: the.services.operations.webhooks.webhooks.change(
        the.administered.changed_webhook.webhook_id, webhook_body(), **ADMIN
    ),
    "webhook.secret_rotated": lambda the: the.services.operations.webhooks.webhooks.rotate_secret(
        the.administered.changed_webhook.webhook_id, overlap=timedelta(days=1), **ADMIN
    ),
    "webhook.disabled": lambda the: the.services.operations.webhooks.delivery.disable(
        the.administered.disabled_webhook, "gone"
    ),
    "webhook.deleted": lambda the: the.services.operations.webhooks.webhooks.delete(
        the.administered.deleted_webhook.webhook_id, **ADMIN
    ),
}
