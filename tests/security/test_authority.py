"""Nobody gives more than they hold, and every change says before and after."""

import inspect
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.errors import (
    ConflictError,
    ForbiddenError,
    FullAdministratorRequiredError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
)
from app.models.accounts.roles import ADMINISTRATOR, AUDITOR, RESERVED_ROLES
from app.oauth.administered_clients import AdministeredClients
from app.schemas.admin_scopes import AdminScope
from app.schemas.attributes import AttributeDefinitionBody
from app.schemas.claims import StandardClaims
from app.schemas.client_policies import ClientPolicies
from app.schemas.clients import ClientCreate
from app.schemas.groups import GroupBody, RoleBody
from app.schemas.invitations import Invitation
from app.schemas.users import UserCreate
from app.services.accounts.administration.credentials import CredentialAdministration
from app.services.accounts.administration.emails import EmailAdministration
from app.services.accounts.administration.invitations import InvitationAdministration
from app.services.accounts.administration.link_delivery import MAILED
from app.services.accounts.administration.users import UserAdministration
from app.services.accounts.attributes import AttributeService
from app.services.accounts.exports import UserExport
from app.services.accounts.groups import GroupService
from app.services.accounts.imports.flask import FlaskImport
from app.services.accounts.imports.users import UserImport
from app.services.accounts.role_grants import RoleGrantService
from app.services.accounts.roles import RoleService
from app.services.accounts.user_attributes import UserAttributeService
from app.services.clients.administration import ClientAdministration
from app.services.clients.imports import ClientImport
from app.services.clients.policies import ClientPolicyService
from app.services.clients.secrets import ClientSecretService
from app.services.oauth.authorization_types import AuthorizationTypeService
from app.services.oauth.default_resources import DefaultResourceService
from app.services.oauth.resources import ResourceService
from app.services.oauth.trusted_issuers import TrustedIssuerService
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import FULL, OF_AUDITOR, Authority, authority_of
from app.wiring import Services
from tests.support.administration import define, id_of, new_group, new_role, set_policies
from tests.support.application import Application, TestClient, TestUser
from tests.support.authorization_types import type_body
from tests.support.parts import services_of
from tests.support.resources import resource_body
from tests.support.trusted_issuers import issuer_body

pytestmark = pytest.mark.both_databases

SERVICES = (
    AdministeredClients,
    AttributeService,
    AuthorizationTypeService,
    ClientImport,
    ClientAdministration,
    ClientPolicyService,
    ClientSecretService,
    CredentialAdministration,
    DefaultResourceService,
    EmailAdministration,
    FlaskImport,
    GroupService,
    InvitationAdministration,
    ResourceService,
    RoleGrantService,
    RoleService,
    TrustedIssuerService,
    UserAdministration,
    UserAttributeService,
    UserExport,
    UserImport,
)
READS = frozenset(
    {
        "by_name", "check", "find_by_name", "get", "groups_of", "list_all", "list_of_role",
        "list_named", "list_page", "members", "named_members", "of", "roles_of_group",
        "roles_of_user", "stored",
    }
)  # fmt: skip
OF_USERS = frozenset({"set_own"})
"""What users change themselves."""
GROUP = "0" * 32
DEFINITION = AttributeDefinitionBody(name="floor", type="number", applies_to="both")
NEW_CLIENT = ClientCreate(client_name="c", grant_types=["client_credentials"])
INVITATION = Invitation(email="someone@example.com")
NEW_USER = UserCreate.model_validate({"username": "u", "password": "correct horse"})
Act = Callable[[Services, Authority], Awaitable[Any]]
ACTS: dict[str, tuple[AdminScope, Act]] = {
    "create a group": (
        AdminScope.GROUPS_WRITE,
        lambda the, by: the.accounts.groups.create(GroupBody(name="g"), authority=by),
    ),
    "change a group": (
        AdminScope.GROUPS_WRITE,
        lambda the, by: the.accounts.groups.change(GROUP, GroupBody(name="g"), authority=by),
    ),
    "delete a group": (
        AdminScope.GROUPS_WRITE,
        lambda the, by: the.accounts.groups.delete(GROUP, authority=by),
    ),
    "add a member": (
        AdminScope.GROUPS_WRITE,
        lambda the, by: the.accounts.groups.add_member(GROUP, "u", authority=by),
    ),
    "remove a member": (
        AdminScope.GROUPS_WRITE,
        lambda the, by: the.accounts.groups.remove_member(GROUP, "u", authority=by),
    ),
    "create a role": (
        AdminScope.ROLES_WRITE,
        lambda the, by: the.accounts.roles.create(RoleBody(name="r"), authority=by),
    ),
    "change a role": (
        AdminScope.ROLES_WRITE,
        lambda the, by: the.accounts.roles.change("r", RoleBody(name="r"), authority=by),
    ),
    "delete a role": (
        AdminScope.ROLES_WRITE,
        lambda the, by: the.accounts.roles.delete("r", authority=by),
    ),
    "grant a role": (
        AdminScope.ROLES_WRITE,
        lambda the, by: the.accounts.role_grants.grant_to_user("r", "u", authority=by),
    ),
    "grant a role to a group": (
        AdminScope.ROLES_WRITE,
        lambda the, by: the.accounts.role_grants.grant_to_group("r", GROUP, authority=by),
    ),
    "revoke a role": (
        AdminScope.ROLES_WRITE,
        lambda the, by: the.accounts.role_grants.revoke_from_user("r", "u", authority=by),
    ),
    "revoke a role of a group": (
        AdminScope.ROLES_WRITE,
        lambda the, by: the.accounts.role_grants.revoke_from_group("r", GROUP, authority=by),
    ),
    "define an attribute": (
        AdminScope.POLICIES_WRITE,
        lambda the, by: the.accounts.attributes.define(DEFINITION, authority=by),
    ),
    "change a definition": (
        AdminScope.POLICIES_WRITE,
        lambda the, by: the.accounts.attributes.change("floor", DEFINITION, authority=by),
    ),
    "delete a definition": (
        AdminScope.POLICIES_WRITE,
        lambda the, by: the.accounts.attributes.delete("floor", authority=by),
    ),
    "create a user": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.users.create(NEW_USER, authority=by),
    ),
    "sign a user out": (
        AdminScope.SESSIONS_WRITE,
        lambda the, by: the.accounts.administration.users.sign_out("u", authority=by),
    ),
    "change claims": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.users.set_claims(
            "u", StandardClaims(), authority=by
        ),
    ),
    "disable a user": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.users.set_disabled(
            "u", disabled=True, authority=by
        ),
    ),
    "delete a user": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.users.delete("u", authority=by),
    ),
    "end a session": (
        AdminScope.SESSIONS_WRITE,
        lambda the, by: the.accounts.administration.users.end_session("s", authority=by),
    ),
    "reset a TOTP secret": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.credentials.reset_otp("u", authority=by),
    ),
    "reset factors": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.credentials.reset_factors("u", authority=by),
    ),
    "remove passkeys": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.credentials.remove_passkeys("u", authority=by),
    ),
    "set a password": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.credentials.set_password(
            "u", "x", authority=by
        ),
    ),
    "create a password link": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.credentials.create_password_link(
            "u", delivery=MAILED, authority=by
        ),
    ),
    "unlock a user": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.credentials.unlock("u", authority=by),
    ),
    "mark an email address as verified": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.emails.mark_verified("u", authority=by),
    ),
    "send a verification email": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.emails.send_verification("u", authority=by),
    ),
    "invite a user": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.invitations.invite(INVITATION, authority=by),
    ),
    "send an invitation again": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.invitations.resend("u", authority=by),
    ),
    "revoke an invitation": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.administration.invitations.revoke("u", authority=by),
    ),
    "set attributes": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.user_attributes.set("u", {}, authority=by),
    ),
    "import users": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.imports.users.store(
            lambda: iter(()), candidates=0, skips_invalid=False, authority=by
        ),
    ),
    "import from the Flask server": (
        AdminScope.USERS_WRITE,
        lambda the, by: the.accounts.imports.flask.run(
            Path("none"), print, only_checks=True, skips_invalid=False, authority=by
        ),
    ),
    "set policies": (
        AdminScope.POLICIES_WRITE,
        lambda the, by: the.clients.policies.set("c", ClientPolicies(), authority=by),
    ),
    "create a resource": (
        AdminScope.RESOURCES_WRITE,
        lambda the, by: the.oauth.resources.create(resource_body("r"), authority=by),
    ),
    "change a resource": (
        AdminScope.RESOURCES_WRITE,
        lambda the, by: the.oauth.resources.change("r", resource_body("r"), authority=by),
    ),
    "delete a resource": (
        AdminScope.RESOURCES_WRITE,
        lambda the, by: the.oauth.resources.delete("r", authority=by),
    ),
    "set a default resource": (
        AdminScope.CLIENTS_WRITE,
        lambda the, by: the.oauth.default_resources.set("c", None, authority=by),
    ),
    "create a type of authorization details": (
        AdminScope.RESOURCES_WRITE,
        lambda the, by: the.oauth.authorization_types.create(type_body("t"), authority=by),
    ),
    "change a type of authorization details": (
        AdminScope.RESOURCES_WRITE,
        lambda the, by: the.oauth.authorization_types.change("t", type_body("t"), authority=by),
    ),
    "delete a type of authorization details": (
        AdminScope.RESOURCES_WRITE,
        lambda the, by: the.oauth.authorization_types.delete("t", authority=by),
    ),
    "trust an issuer": (
        AdminScope.ISSUERS_WRITE,
        lambda the, by: the.oauth.trusted_issuers.create(issuer_body("i"), authority=by),
    ),
    "change a trusted issuer": (
        AdminScope.ISSUERS_WRITE,
        lambda the, by: the.oauth.trusted_issuers.change("i", issuer_body("i"), authority=by),
    ),
    "no longer trust an issuer": (
        AdminScope.ISSUERS_WRITE,
        lambda the, by: the.oauth.trusted_issuers.delete("i", authority=by),
    ),
    "create a client": (
        AdminScope.CLIENTS_WRITE,
        lambda the, by: the.clients.administered.create(NEW_CLIENT, authority=by),
    ),
    "replace a secret": (
        AdminScope.CLIENTS_WRITE,
        lambda the, by: the.clients.secrets.replace("c", overlap=timedelta(0), authority=by),
    ),
    "revoke a secret": (
        AdminScope.CLIENTS_WRITE,
        lambda the, by: the.clients.secrets.revoke_previous("c", authority=by),
    ),
    "set an expiry": (
        AdminScope.CLIENTS_WRITE,
        lambda the, by: the.clients.secrets.set_expiry("c", None, authority=by),
    ),
    "disable a client": (
        AdminScope.CLIENTS_WRITE,
        lambda the, by: the.clients.administration.set_disabled("c", disabled=True, authority=by),
    ),
    "trust a client": (
        AdminScope.CLIENTS_WRITE,
        lambda the, by: the.clients.administration.set_trust("c", "verified", authority=by),
    ),
    "rotate the signing keys": (
        AdminScope.KEYS_WRITE,
        lambda the, by: the.oauth.signing_keys.rotate(authority=by),
    ),
}


@pytest.mark.parametrize("service", SERVICES, ids=lambda each: each.__name__)
def test_every_method_that_changes_something_takes_an_authority(service: type) -> None:
    for name, method in inspect.getmembers(service, inspect.isfunction):
        if name.startswith("_") or name in READS | OF_USERS:
            continue
        parameter = inspect.signature(method).parameters.get("authority")
        assert parameter is not None, f"{service.__name__}.{name}"
        assert parameter.kind is parameter.KEYWORD_ONLY
        assert parameter.default is parameter.empty


@pytest.mark.parametrize("act", ACTS)
async def test_a_change_needs_its_scope(app: Application, act: str) -> None:
    """Neither every other scope is enough, nor the authority of an auditor"""
    scope, change = ACTS[act]
    others = authority_of(set(AdminScope) - {scope, AdminScope.ADMIN})

    for authority in (others, OF_AUDITOR, authority_of([])):
        with pytest.raises(ForbiddenError):
            await change(services_of(app), authority)


def test_an_auditor_has_every_scope_that_reads_and_no_other() -> None:
    assert all(str(scope).endswith(":read") for scope in OF_AUDITOR.scopes)
    assert len(OF_AUDITOR.scopes) == sum(str(scope).endswith(":read") for scope in AdminScope)
    assert not OF_AUDITOR.is_full


@pytest.mark.parametrize("role_id", RESERVED_ROLES)
async def test_roles_write_alone_cannot_grant_a_reserved_role(
    app: Application, user: TestUser, role_id: str
) -> None:
    """SECURITY_BAR row 51"""
    grants, by = services_of(app).accounts.role_grants, authority_of([AdminScope.ROLES_WRITE])
    group = await new_group(app, user)

    with pytest.raises(FullAdministratorRequiredError):
        await grants.grant_to_user(role_id, await id_of(app, user), authority=by)
    with pytest.raises(FullAdministratorRequiredError):
        await grants.grant_to_group(role_id, group.group_id, authority=by)


async def test_only_a_full_administrator_gives_admin_scopes_or_changes_a_client_that_has_them(
    app: Application,
) -> None:
    """SECURITY_BAR rows 51 and 54"""
    clients, by = services_of(app).clients, authority_of([AdminScope.CLIENTS_WRITE])
    client_id = (await app.create_client()).client_id
    scopes = [AdminScope.USERS_READ]

    with pytest.raises(FullAdministratorRequiredError):
        await clients.administration.set_admin_scopes(client_id, scopes, authority=by)
    client = await clients.administration.set_admin_scopes(client_id, scopes, authority=FULL)
    with pytest.raises(FullAdministratorRequiredError):
        await clients.administered.change(client, NEW_CLIENT, authority=by)


async def test_groups_write_alone_cannot_join_a_group_of_administrators(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 53"""
    services, by = services_of(app), authority_of([AdminScope.GROUPS_WRITE])
    group, user_id = await new_group(app), await id_of(app, user)
    grants = services.accounts.role_grants
    assert await grants.grant_to_group(AUDITOR, group.group_id, authority=FULL)

    with pytest.raises(FullAdministratorRequiredError):
        await services.accounts.groups.add_member(group.group_id, user_id, authority=by)

    assert (await services.core.entitlements.of(user_id)).groups == ()


async def test_users_write_alone_cannot_change_attributes_of_an_administrator(
    app: Application,
) -> None:
    services, user = services_of(app), await app.enrolled_user()
    user_id, name = await id_of(app, user), "floor_of_administrators"
    await define(app, name, "number")
    await services.accounts.role_grants.grant_to_user(ADMINISTRATOR, user_id, authority=FULL)

    with pytest.raises(FullAdministratorRequiredError):
        await services.accounts.user_attributes.set(
            user_id, {name: 1}, authority=authority_of([AdminScope.USERS_WRITE])
        )

    assert await services.accounts.user_attributes.set(user_id, {name: 1}, authority=FULL)


async def test_clients_write_alone_cannot_touch_a_client_with_admin_scopes(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 54"""
    services = services_of(app)
    before = await services.clients.clients.get(client.client_id)
    after = before._replace(admin_scopes="users:read")
    event = services.core.audit.event(ServerEvent.CLIENT_POLICIES_CHANGED)
    assert await services.core.client_repository.change(before, after, event=event)
    by = authority_of(set(AdminScope) - {AdminScope.ADMIN})

    for change in (
        services.clients.secrets.replace(client.client_id, overlap=timedelta(0), authority=by),
        services.clients.secrets.set_expiry(client.client_id, None, authority=by),
        services.clients.policies.set(client.client_id, ClientPolicies(), authority=by),
    ):
        with pytest.raises(FullAdministratorRequiredError):
            await change


@pytest.mark.parametrize("name", RESERVED_ROLES)
async def test_reserved_roles_are_neither_created_again_nor_changed(
    app: Application, client: TestClient, name: str
) -> None:
    roles = services_of(app).accounts.roles

    for client_id in ("", client.client_id):
        with pytest.raises(ConflictError):
            await roles.create(RoleBody(name=name, client_id=client_id), authority=FULL)
    with pytest.raises(ConflictError):
        await roles.change(name, RoleBody(name="other"), authority=FULL)
    with pytest.raises(ConflictError):
        await roles.delete(name, authority=FULL)


async def test_a_stale_version_changes_nothing(app: Application, client: TestClient) -> None:
    services, group, role = services_of(app), await new_group(app), await new_role(app)
    await define(app, "versioned", "number")
    body = GroupBody(name=group.name, description="changed")

    changed = await services.accounts.groups.change(
        group.group_id, body, version=group.version, authority=FULL
    )

    assert changed.version == group.version + 1
    for change in (
        services.accounts.groups.change(group.group_id, body, version=1, authority=FULL),
        services.accounts.groups.delete(group.group_id, version=1, authority=FULL),
        services.accounts.roles.delete(role.role_id, version=9, authority=FULL),
        services.accounts.attributes.delete("versioned", version=9, authority=FULL),
        services.clients.policies.set(
            client.client_id, ClientPolicies(), version=9, authority=FULL
        ),
    ):
        with pytest.raises(StaleVersionError):
            await change


async def test_policies_refer_to_what_exists_and_may_be_a_source(
    app: Application, client: TestClient
) -> None:
    await define(app, "motto", "string", editable_by="user")
    mapping = {"targets": ["id_token"], "source": "attribute:motto"}

    for policies in (
        {"access": {"kind": "groups", "groups": [GROUP]}},
        {"claim_mappings": [{**mapping, "name": "x", "source": "attribute:unknown"}]},
        {"claim_mappings": [{**mapping, "name": "roles"}]},
        {"claim_mappings": [{**mapping, "name": "website"}]},
    ):
        with pytest.raises(InvalidInputError):
            await set_policies(app, client, **policies)

    await set_policies(app, client, claim_mappings=[{**mapping, "name": "motto"}])


async def test_a_user_edits_only_attributes_that_users_edit(
    app: Application, user: TestUser
) -> None:
    values, user_id = services_of(app).accounts.user_attributes, await id_of(app, user)
    await define(app, "slogan", "string", editable_by="user")
    await define(app, "salary", "number")

    assert await values.set_own(user_id, {"slogan": "mine"}) == {"slogan": "mine"}
    for name in ("salary", "unknown"):
        with pytest.raises(ForbiddenError):
            await values.set_own(user_id, {name: 1})
    with pytest.raises(InvalidInputError):
        await values.set_own(user_id, {"slogan": 1})
    assert await values.set(user_id, {"slogan": "theirs"}, authority=FULL) == {"slogan": "theirs"}
    assert await values.set(user_id, {"slogan": None}, authority=FULL) == {}
    with pytest.raises(InvalidInputError):
        await values.set(user_id, {"salary": "much"}, authority=FULL)


async def test_unknown_objects_are_not_found(app: Application, user: TestUser) -> None:
    accounts, role = services_of(app).accounts, await new_role(app)

    for change in (
        accounts.groups.delete(GROUP, authority=FULL),
        accounts.roles.delete("unknown", authority=FULL),
        accounts.roles.create(RoleBody(name="r", client_id="unknown"), authority=FULL),
        accounts.role_grants.grant_to_user(role.role_id, "nobody", authority=FULL),
        accounts.role_grants.grant_to_group(role.role_id, GROUP, authority=FULL),
        accounts.attributes.delete("unknown", authority=FULL),
        services_of(app).clients.policies.set("unknown", ClientPolicies(), authority=FULL),
    ):
        with pytest.raises(NotFoundError):
            await change


async def test_every_change_is_recorded_with_before_and_after(
    app: Application, client: TestClient, user: TestUser
) -> None:
    services, user_id = services_of(app), await id_of(app, user)
    group = await new_group(app, user, name=app.new_name("Crew"))
    role = await new_role(app, user, group)
    body = GroupBody(name=group.name, description="Fly")
    await services.accounts.groups.change(group.group_id, body, authority=FULL)
    await services.accounts.groups.change(group.group_id, body, authority=FULL)  # no change
    await set_policies(app, client, require_verified_email=True)
    await services.clients.secrets.replace(client.client_id, overlap=timedelta(1), authority=FULL)
    await services.accounts.role_grants.revoke_from_user(role.role_id, user_id, authority=FULL)
    await services.accounts.groups.remove_member(group.group_id, user_id, authority=FULL)
    await services.accounts.roles.delete(role.role_id, authority=FULL)
    await services.accounts.groups.delete(group.group_id, authority=FULL)

    events = [each async for each in services.core.audit.read_all()][-12:]
    details = [json.loads(each.details) for each in events]

    assert [each.action for each in events] == [
        "group.created",
        "user.group_joined",
        "role.created",
        "user.role_granted",
        "group.role_granted",
        "group.changed",
        "client.policies_changed",
        "client.secret_rotated",
        "user.role_revoked",
        "user.group_left",
        "role.deleted",
        "group.deleted",
    ]
    by_action = dict(zip((each.action for each in events), details, strict=True))
    changed = by_action["group.changed"]
    assert changed["before"]["description"] == ""
    assert changed["after"]["description"] == "Fly"
    assert by_action["client.policies_changed"]["after"] == {"require_verified_email": True}
    assert by_action["client.policies_changed"]["before"] == {}
    secret = by_action["client.secret_rotated"]
    assert secret["before"]["has_previous_secret"] is False
    assert secret["after"]["has_previous_secret"] is True
    assert "digest" not in json.dumps(secret)
    assert by_action["group.deleted"]["before"]["name"] == group.name
    assert by_action["user.role_revoked"]["before"]["name"] == role.name
    assert {each.user_id for each in events if each.action.startswith("user.")} == {user_id}


async def test_a_client_that_changes_itself_loses_its_admin_scopes(app: Application) -> None:
    """RFC 7592: its registration access token is not the authority of an administrator"""
    registered = (
        await app.http.post("/register", json={"redirect_uris": ["http://localhost:3000/callback"]})
    ).json()
    services = services_of(app)
    before = await services.clients.clients.get(registered["client_id"])
    policies = ClientPolicies(require_pkce=True).stored()
    after = before._replace(admin_scopes="users:read", policies=policies)
    event = services.core.audit.event(ServerEvent.CLIENT_POLICIES_CHANGED)
    await services.core.client_repository.change(before, after, event=event)
    headers = {"Authorization": f"Bearer {registered['registration_access_token']}"}
    path = f"/register/{registered['client_id']}"
    body = {
        "client_id": registered["client_id"],
        "redirect_uris": ["http://localhost:3000/callback"],
    }

    same = await app.http.put(path, json=body, headers=headers)
    kept = await services.clients.clients.get(registered["client_id"])
    body["redirect_uris"] = ["http://localhost:3000/elsewhere"]
    other = await app.http.put(path, json=body, headers=headers)
    changed = await services.clients.clients.get(registered["client_id"])

    assert (same.status_code, other.status_code) == (200, 200)
    assert (kept.admin_scopes, changed.admin_scopes) == ("users:read", "")
    assert kept.policies == changed.policies == policies
