"""Identity assertions of unknown subjects (draft-ietf-oauth-identity-assertion-authz-grant).

A row of a trusted issuer can say that they create their users. These get nothing but an account.
"""

import asyncio
import json
from typing import Any

import pytest
import pytest_asyncio

from app.models.accounts.roles import ADMINISTRATOR
from app.models.accounts.users import User
from app.schemas.claims import StandardClaims
from app.security.passwords import NO_PASSWORD
from app.services.accounts.events import AccountEvent
from app.services.operations.authority import FULL
from tests.support.account import vouched_for
from tests.support.administration import (
    add_provider,
    disable_provider,
    events_of,
    id_of,
    make,
    new_group,
    remove_provider,
    restrict_to,
    set_claims_of,
    set_policies,
    set_user_disabled,
)
from tests.support.application import NO_LIMITS, PASSWORD, Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import count, services_of
from tests.support.received_identities import SUBJECT, Employer, new_employer
from tests.support.refusals import recorded_refusals

APP_SETTINGS = NO_LIMITS
pytestmark = pytest.mark.both_databases


@pytest_asyncio.fixture
async def employer(app: Application) -> Employer:
    """An issuer that owns the addresses of a domain, and whose users are created."""
    return await new_employer(
        app, identities={"create_users": True, "email_domains": ["work.example"]}
    )


def owned(app: Application) -> dict[str, Any]:
    """Return the claims of an address that the issuer owns."""
    return {"email": f"{app.new_name('Ada')}@Work.Example", "email_verified": True}


async def user_of(employer: Employer, **claims: Any) -> User:
    """Return the user whom the access token for an assertion is about."""
    response = await employer.claiming(**claims)
    assert response.status_code == 200, response.text
    shown = await employer.app.introspect(employer.client, response.json()["access_token"])
    user = await services_of(employer.app).accounts.users.find(shown["sub"])
    assert user is not None
    return user


async def refused(employer: Employer, **claims: Any) -> str:
    """Return why an assertion is refused, having created no user."""
    database = services_of(employer.app).core.database
    before = await count(database, "users")
    with recorded_refusals() as records:
        response = await employer.claiming(**claims)
    assert_oauth_error(response, "invalid_grant")
    assert await count(database, "users") == before
    return records.one(response.headers["x-request-id"]).reason


async def test_no_user_is_created_by_default(app: Application) -> None:
    employer = await new_employer(app, identities={"email_domains": ["work.example"]})

    assert "no user has linked the subject" in await refused(employer)
    assert "no user has verified the address here" in await refused(employer, **owned(app))


async def test_an_unknown_subject_gets_a_user_with_the_claims_of_the_assertion(
    app: Application, employer: Employer
) -> None:
    name, claims = app.new_name("ada"), owned(app)
    user = await user_of(
        employer, **claims, preferred_username=name, name="Ada Example", sub="a-new-one"
    )
    again = await user_of(employer, sub="a-new-one")
    identities = await services_of(app).federation.identity_providers.list_of(user)

    assert (user.username, again.user_id) == (name, user.user_id)
    assert user.claim_values == {
        "name": "Ada Example",
        "email": claims["email"].replace("Work.Example", "work.example"),
        "email_verified": True,
    }
    assert [(each.issuer, each.subject, each.provider) for each in identities] == [
        (employer.row.issuer, "a-new-one", employer.row.name)
    ]
    (event,) = [
        each
        for each in await events_of(app, "upstream.account_created")
        if each.user_id == user.user_id
    ]
    assert (event.actor, event.client_id) == (
        f"client:{employer.client.client_id}",
        employer.client.client_id,
    )
    details = json.loads(event.details)
    assert (details["provider"], details["trusted_issuer"]) == (employer.row.name,) * 2
    assert details["jti"]


async def test_a_new_user_has_no_password_no_role_and_no_group(
    app: Application, employer: Employer
) -> None:
    """SECURITY_BAR row 52: roles and groups of an assertion are not read"""
    await new_group(app, name="staff-of-the-test")
    client = await app.create_client()

    user = await user_of(
        employer,
        roles=["administrator"],
        groups=["staff-of-the-test", "administrator"],
        scope="read users:write admin",
    )
    entitlements = await services_of(app).core.entitlements.of(user.user_id)

    assert user.password_hash == NO_PASSWORD
    assert (user.otp_secret, user.is_disabled) == (None, False)
    assert not entitlements.group_ids
    assert not entitlements.roles
    for password in ("", NO_PASSWORD, PASSWORD):
        response = await app.password_grant(client, TestUser(user.username, password, ""))
        assert response.status_code == 400


async def test_a_token_of_a_new_user_does_not_open_the_admin_api(
    app: Application, employer: Employer
) -> None:
    """SECURITY_BAR row 42"""
    response = await employer.claiming(scope="read users:read users:write")
    headers = {"Authorization": f"Bearer {response.json()['access_token']}"}

    assert response.json()["scope"] == "read"
    assert (await app.http.get("/admin/api/v1/users", headers=headers)).status_code in (401, 403)


async def test_the_same_subject_of_another_issuer_is_another_user(
    app: Application, employer: Employer
) -> None:
    """OpenID Connect Core section 5.7"""
    other = await new_employer(app, identities={"create_users": True})
    closed = await new_employer(app)

    first, second = await user_of(employer), await user_of(other)

    assert first.user_id != second.user_id
    await refused(closed)


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "ada@foreign.example"},
        {"email": "ada@sub.work.example"},
        {"email": "ada@work.example.foreign.example"},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": "yes"},
        {"email": ["ada@work.example"]},
        {"email": "not an address@work.example"},
    ],
    ids=str,
)
async def test_an_address_that_the_issuer_does_not_own_identifies_nobody_and_is_not_stored(
    app: Application, user: TestUser, employer: Employer, changes: dict[str, Any]
) -> None:
    """OpenID Connect Core section 5.7: an issuer could state any address"""
    claims = {**owned(app), **changes, "sub": app.new_name("sub")}
    if isinstance(claims["email"], str) and " " not in claims["email"]:
        await set_claims_of(services_of(app), user.username, StandardClaims(email=claims["email"]))
        await vouched_for(app, user, "email_verified")

    created = await user_of(employer, **claims)
    (identity,) = await services_of(app).federation.identity_providers.list_of(created)

    assert created.user_id != await id_of(app, user)
    assert created.claim_values == {}
    assert "@" not in identity.label + created.username


async def test_a_username_is_valid_and_free(app: Application, employer: Employer) -> None:
    """The rules are those of an account that a user creates at a sign-in by the provider."""
    taken = await app.register()
    wanted = {
        taken.username: f"{taken.username}-",
        taken.username.upper(): f"{taken.username.upper()}-",
        "ada@work.example": "user-",
        "a b": "user-",
        "a\u0430": "user-",  # Latin and Cyrillic
        "x" * 65: "user-",
        "ada\uff20work.example": "user-",  # an at sign of another width
        "": "user-",
    }

    for number, (stated, beginning) in enumerate(wanted.items()):
        user = await user_of(employer, sub=f"sub-{number}", preferred_username=stated)
        assert user.username.startswith(beginning), stated
        assert user.username[len(beginning) :].isdecimal()
    for number, malformed in enumerate((7, ["ada"], {"a": 1}, None)):
        user = await user_of(employer, sub=f"odd-{number}", preferred_username=malformed)
        assert user.username.startswith("user-")


async def test_without_a_username_it_is_the_beginning_of_an_owned_address(
    app: Application, employer: Employer
) -> None:
    local_part = app.new_name("grace")
    claims = {"email": f"{local_part}@work.example", "email_verified": True}

    user = await user_of(employer, **claims, preferred_username="a b")

    assert user.username == local_part


async def test_equal_assertions_at_once_create_one_user(
    app: Application, employer: Employer
) -> None:
    database = services_of(app).core.database
    before = await count(database, "users")
    claims = {**owned(app), "preferred_username": app.new_name("ada"), "sub": "at-once"}
    assertion = employer.assertion(**claims)

    responses = await asyncio.gather(*(employer.present(assertion) for _ in range(8)))
    users = {
        (await app.introspect(employer.client, each.json()["access_token"]))["sub"]
        for each in responses
    }

    assert {each.status_code for each in responses} == {200}
    assert len(users) == 1
    assert await count(database, "users") == before + 1
    created = await events_of(app, "upstream.account_created")
    assert [each.user_id for each in created if each.user_id in users] == [*users]


async def test_different_subjects_with_one_name_at_once_get_a_user_each(
    app: Application, employer: Employer
) -> None:
    name = app.new_name("ada")

    users = await asyncio.gather(
        *(user_of(employer, sub=f"twin-{number}", preferred_username=name) for number in range(5))
    )

    assert len({each.user_id for each in users}) == 5
    assert sum(each.username == name for each in users) == 1


async def test_a_disabled_user_stays_refused(app: Application, employer: Employer) -> None:
    user = await user_of(employer)
    await set_user_disabled(services_of(app), user.username, disabled=True)

    assert "the user is disabled" in await refused(employer)


async def test_a_deleted_user_stays_refused(app: Application, employer: Employer) -> None:
    services = services_of(app)
    user = await user_of(employer)
    await services.accounts.administration.users.delete(user.user_id, authority=FULL)

    reason = await refused(employer)
    await employer.link(await app.enrolled_user())

    assert "was deleted" in reason
    assert (await employer.present()).status_code == 200  # a user who linked it since


async def test_an_identity_that_its_user_unlinked_creates_no_second_account(
    app: Application, user: TestUser, employer: Employer
) -> None:
    await employer.link(user)
    services = services_of(app)
    row = await services.accounts.users.get(user.username)
    begun = await services.accounts.sessions.begin(
        row,
        amr=["pwd"],
        user_agent="",
        address="",
        event=services.core.audit.event(AccountEvent.SIGN_IN_SUCCEEDED, user_id=row.user_id),
    )
    assert begun is not None
    outcome = await services.federation.identity_providers.unlink(
        row, employer.row.issuer, SUBJECT, except_session=begun[1]
    )

    assert outcome == "unlinked"
    assert "no longer linked" in await refused(employer)


async def test_a_user_is_created_only_with_an_enabled_identity_provider_of_the_issuer(
    app: Application, employer: Employer
) -> None:
    """The user can sign in here by it, and disabling it also ends the assertions."""
    services = services_of(app)
    await disable_provider(app, employer.row.name)
    disabled = await refused(employer)
    await remove_provider(app, employer.row.name)
    removed = await refused(employer)
    await add_provider(
        services, employer.row.name, secret="x", issuer=employer.row.issuer, client_id="postern"
    )

    assert "postern providers add" in disabled
    assert "postern providers add" in removed
    assert (await employer.present()).status_code == 200


async def test_no_user_is_created_for_an_assertion_that_is_refused_otherwise(
    app: Application, client: TestClient, employer: Employer
) -> None:
    services = services_of(app)
    group = await new_group(app)
    now = int(app.clock.now().timestamp())

    await refused(employer, exp=now - 400, iat=now - 700)
    await refused(employer, aud="https://elsewhere.example")
    await refused(employer, client_id=client.client_id)
    before = await count(services.core.database, "users")
    foreign = await employer.claiming(resource="https://foreign.example")
    assert_oauth_error(foreign, "invalid_target")
    assert await count(services.core.database, "users") == before
    await restrict_to(app, employer.client, group)
    await refused(employer)
    await restrict_to(app, employer.client)
    await refused(employer)
    await set_policies(app, employer.client, require_verified_email=True)
    await refused(employer)
    assert (await employer.claiming(**owned(app))).status_code == 200


async def test_an_assertion_reaches_no_administrator_by_their_name(
    app: Application, user: TestUser, employer: Employer
) -> None:
    """SECURITY_BAR row 52: a name is no identity"""
    await make(app, user, ADMINISTRATOR)
    address = f"{user.username}@elsewhere.example"
    await set_claims_of(services_of(app), user.username, StandardClaims(email=address))
    await vouched_for(app, user, "email_verified")

    created = await user_of(
        employer, preferred_username=user.username, email=address, email_verified=True
    )
    entitlements = await services_of(app).core.entitlements.of(created.user_id)

    assert created.user_id != await id_of(app, user)
    assert created.username != user.username
    assert created.standard_claims.email is None
    assert not entitlements.roles


async def test_an_owned_address_that_somebody_else_has_creates_no_second_owner(
    app: Application, user: TestUser, employer: Employer
) -> None:
    claims = {"email": f"{user.username}@work.example", "email_verified": True}
    await set_claims_of(services_of(app), user.username, StandardClaims(email=claims["email"]))
    await vouched_for(app, user, "email_verified")

    found = await user_of(employer, **claims)
    await employer.link(user, subject="the-one-who-left")

    assert found.user_id == await id_of(app, user)
    assert "another subject of the issuer" in await refused(employer, **claims)
