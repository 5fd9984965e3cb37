"""What an administrator does to users, groups, roles and clients, by the services."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from app.models.accounts.groups import Group
from app.models.accounts.roles import Role
from app.models.accounts.users import User
from app.models.federation.identity_providers import IdentityProvider
from app.models.oauth.scopes import Scope
from app.models.operations.audit_events import AuditEvent
from app.schemas.admin_scopes import AdminScope
from app.schemas.attributes import AttributeDefinitionBody
from app.schemas.claims import StandardClaims
from app.schemas.client_policies import ClientPolicies
from app.schemas.groups import GroupBody, RoleBody
from app.schemas.identity_providers import IdentityProviderBody
from app.schemas.otp import OtpEnrolment
from app.schemas.scopes import ScopeBody
from app.schemas.webhooks import WebhookBody, WebhookEventType
from app.services.accounts.administration.link_delivery import RETURNED
from app.services.operations.authority import FULL
from app.services.operations.webhooks import NewSecret
from app.wiring import Services
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import services_of


async def id_of(app: Application, user: TestUser) -> str:
    return (await services_of(app).accounts.users.get(user.username)).user_id


async def set_user_disabled(services: Services, username: str, *, disabled: bool) -> None:
    await services.accounts.administration.users.set_disabled(
        await _id_of(services, username), disabled=disabled, authority=FULL
    )


async def set_claims_of(
    services: Services, username: str, changes: StandardClaims, **options: Any
) -> User:
    return await services.accounts.administration.users.set_claims(
        await _id_of(services, username), changes, authority=FULL, **options
    )


async def reset_password(services: Services, username: str, password: str) -> None:
    await services.accounts.administration.credentials.set_password(
        await _id_of(services, username), password, authority=FULL
    )


async def reset_otp(services: Services, username: str) -> OtpEnrolment:
    return await services.accounts.administration.credentials.reset_otp(
        await _id_of(services, username), authority=FULL
    )


async def create_password_link(services: Services, username: str) -> str:
    link = await services.accounts.administration.credentials.create_password_link(
        await _id_of(services, username), delivery=RETURNED, authority=FULL
    )
    assert link is not None
    return link


async def _id_of(services: Services, username: str) -> str:
    return (await services.accounts.users.get(username)).user_id


async def rotate_secret(services: Services, client_id: str) -> str:
    """Issue a new secret; every other one of the client is invalid at once."""
    return await services.clients.secrets.replace(client_id, overlap=timedelta(0), authority=FULL)


async def add_provider(services: Services, name: str, *, secret: str, **settings: str) -> None:
    body = IdentityProviderBody.model_validate({"name": name, **settings})
    await services.federation.administration.add(body, secret=secret, authority=FULL)


async def disable_provider(app: Application, name: str) -> None:
    administration = services_of(app).federation.administration
    await administration.set_disabled(name, disabled=True, authority=FULL)


async def remove_provider(app: Application, name: str) -> None:
    await services_of(app).federation.administration.remove(name, authority=FULL)


async def new_provider(
    app: Application, name: str, *, groups: Mapping[str, Sequence[Group]] | None = None
) -> IdentityProvider:
    """Add a provider that gives these groups here, by the values of its claim."""
    services, issuer = services_of(app), f"https://{name}.example.com"
    await add_provider(services, name, secret="x", issuer=issuer, client_id="postern")
    if groups:
        mappings = {value: [each.group_id for each in these] for value, these in groups.items()}
        await services.federation.group_mappings.set(
            name, groups_claim="groups", mappings=mappings, authority=FULL
        )
    return await services.federation.identity_providers.get(name)


async def new_scope(app: Application, name: str, **values: Any) -> Scope:
    body = ScopeBody.model_validate({"name": name, "description": "Read your reports", **values})
    return await services_of(app).oauth.scopes.create(body, authority=FULL)


async def new_webhook(app: Application, **values: Any) -> NewSecret:
    stated = {
        "url": "https://crm.example.com/events",
        "event_types": [WebhookEventType.GROUP_CREATED],
        **values,
    }
    body = WebhookBody.model_validate(stated)
    return await services_of(app).operations.webhooks.webhooks.create(body, authority=FULL)


async def new_group(app: Application, *members: TestUser, name: str = "", **values: Any) -> Group:
    body = GroupBody(name=name or app.new_name("group"), **values)
    group = await services_of(app).accounts.groups.create(body, authority=FULL)
    for user in members:
        await join(app, group, user)
    return group


async def join(app: Application, group: Group, user: TestUser) -> None:
    groups, user_id = services_of(app).accounts.groups, await id_of(app, user)
    assert await groups.add_member(group.group_id, user_id, authority=FULL)


async def leave(app: Application, group: Group, user: TestUser) -> None:
    groups, user_id = services_of(app).accounts.groups, await id_of(app, user)
    assert await groups.remove_member(group.group_id, user_id, authority=FULL)


async def new_role(
    app: Application, *holders: TestUser | Group, name: str = "", client: TestClient | None = None
) -> Role:
    body = RoleBody(
        name=name or app.new_name("role"), client_id=client.client_id if client is not None else ""
    )
    role = await services_of(app).accounts.roles.create(body, authority=FULL)
    grants = services_of(app).accounts.role_grants
    for holder in holders:
        if isinstance(holder, Group):
            await grants.grant_to_group(role.role_id, holder.group_id, authority=FULL)
        else:
            user_id = await id_of(app, holder)
            await grants.grant_to_user(role.role_id, user_id, authority=FULL)
    return role


async def define(app: Application, name: str, kind: str, **values: Any) -> None:
    body = AttributeDefinitionBody.model_validate(
        {"name": name, "type": kind, "applies_to": "users", **values}
    )
    await services_of(app).accounts.attributes.define(body, authority=FULL)


async def set_policies(app: Application, client: TestClient, **policies: Any) -> None:
    await services_of(app).clients.policies.set(
        client.client_id, ClientPolicies.model_validate(policies), authority=FULL
    )


async def let_identities_go(app: Application, client: TestClient, there: str = "there") -> None:
    """Let a client take users' identities to another server, at which its id is `there`."""
    server = {
        "audience": "https://chat.example",
        "relying_party": client.client_id,
        "client_id": there,
        "access": {"kind": "everyone"},
        "resources": ["https://chat.example/mcp"],
        "scopes": [],
        "release_email": False,
    }
    await set_policies(app, client, identity_assertions=[server])


async def restrict_to(app: Application, client: TestClient, *groups: Group) -> None:
    """Let only members of the groups use a client; nobody if there is none."""
    access: dict[str, Any] = {"kind": "nobody"}
    if groups:
        access = {"kind": "groups", "groups": [group.group_id for group in groups]}
    await set_policies(app, client, access=access)


async def events_of(app: Application, action: str) -> list[AuditEvent]:
    """Return the audit events of an action, the oldest first."""
    return [
        event async for event in services_of(app).core.audit.read_all() if event.action == action
    ]


async def list_admin_scopes(app: Application, client: TestClient, *scopes: str) -> None:
    """Set the scopes of the admin API that a client may have."""
    await services_of(app).clients.administration.set_admin_scopes(
        client.client_id, [AdminScope(scope) for scope in scopes], authority=FULL
    )


async def make(app: Application, user: TestUser, role: str) -> None:
    """Grant a reserved role."""
    grants = services_of(app).accounts.role_grants
    await grants.grant_to_user(role, await id_of(app, user), authority=FULL)


async def unmake(app: Application, user: TestUser, role: str) -> None:
    """Take a reserved role away. Another administrator must remain."""
    grants = services_of(app).accounts.role_grants
    await grants.revoke_from_user(role, await id_of(app, user), authority=FULL)
