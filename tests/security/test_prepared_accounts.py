"""What others prepared in an account does not open it once its user has an administrative role.

Someone with `users:write`, who is not a full administrator, sets credentials of an account and
waits for its user to be promoted (SECURITY_BAR row 52).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from app.models.accounts.roles import ADMINISTRATOR, AUDITOR
from app.models.accounts.users import User
from app.schemas.admin_scopes import AdminScope
from app.schemas.claims import StandardClaims
from app.schemas.invitations import Invitation
from app.schemas.users import UserCreate
from app.security.passwords import has_password
from app.services.accounts.administration.link_delivery import PRINTED, RETURNED
from app.services.operations.authority import FULL, Authority, authority_of
from app.wiring import Services
from tests.api.test_account_tokens import Service, create, sees
from tests.conftest import AppFactory
from tests.security.factors import make_codes
from tests.support.account import signed_in
from tests.support.administration import events_of, new_group, new_role
from tests.support.application import PASSWORD, Application, TestUser, otp_secret_in
from tests.support.assertions import assert_oauth_error
from tests.support.parts import count, services_of
from tests.support.passkeys import Passkey, enrol, sign_in_with
from tests.support.people import person_with
from tests.support.resources import new_resource
from tests.support.smtp import token_in
from tests.support.visitor import Visitor, visiting

pytestmark = pytest.mark.both_databases

LIMITED = authority_of([AdminScope.USERS_WRITE, AdminScope.GROUPS_WRITE])
ADDRESS = "mallory@example.com"
KNOWN = "a password that others know"
Preparation = Callable[[Services, User, Authority], Awaitable[Any]]
PREPARATIONS: dict[str, Preparation] = {
    "a password": lambda the, user, by: the.accounts.administration.credentials.set_password(
        user.user_id, KNOWN, authority=by
    ),
    "a TOTP secret": lambda the, user, by: the.accounts.administration.credentials.reset_otp(
        user.user_id, authority=by
    ),
    "no factor": lambda the, user, by: the.accounts.administration.credentials.reset_factors(
        user.user_id, authority=by
    ),
    "a link": lambda the, user, by: the.accounts.administration.credentials.create_password_link(
        user.user_id, delivery=RETURNED, authority=by
    ),
    "an address": lambda the, user, by: the.accounts.administration.users.set_claims(
        user.user_id,
        StandardClaims(email=ADDRESS),
        vouched_for=["email_verified"],
        authority=by,
    ),
    "a verified address": lambda the, user, by: the.accounts.administration.emails.mark_verified(
        user.user_id, authority=by
    ),
}


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app(remember_browser_days=30)


async def stored(app: Application, username: str) -> User:
    return await services_of(app).accounts.users.get(username)


async def promote(app: Application, user_id: str, way: str = "role") -> None:
    """Give a user an administrative role, as a full administrator can in three ways."""
    accounts = services_of(app).accounts
    if way == "role":
        await accounts.role_grants.grant_to_user(ADMINISTRATOR, user_id, authority=FULL)
        return
    group = await new_group(app)
    if way == "role of the group":
        await accounts.groups.add_member(group.group_id, user_id, authority=FULL)
    await accounts.role_grants.grant_to_group(AUDITOR, group.group_id, authority=FULL)
    if way == "group":
        await accounts.groups.add_member(group.group_id, user_id, authority=FULL)


def is_closed(user: User) -> bool:
    """Return whether nothing that was prepared opens an account."""
    has_factor = user.otp_secret is not None or user.has_confirmed_otp
    return not has_password(user.password_hash) and not has_factor and user.email_key is None


@pytest.mark.parametrize("preparation", PREPARATIONS)
async def test_each_preparation_is_withdrawn_at_the_promotion(
    app: Application, preparation: str
) -> None:
    """SECURITY_BAR row 52"""
    user = await stored(app, (await person_with(app, email=ADDRESS)).username)
    await PREPARATIONS[preparation](services_of(app), user, LIMITED)
    assert await count(services_of(app).core.database, "prepared_accounts") == 1

    await promote(app, user.user_id)

    after = await stored(app, user.username)
    assert is_closed(after)
    assert after.credentials_version != user.credentials_version
    assert after.standard_claims.email == ADDRESS
    assert await count(services_of(app).core.database, "prepared_accounts") == 0
    (event,) = await events_of(app, "user.preparations_withdrawn")
    assert event.user_id == user.user_id


@pytest.mark.parametrize("way", ["role", "role of the group", "group"])
async def test_every_way_to_an_administrative_role_withdraws_preparations(
    app: Application, way: str
) -> None:
    """SECURITY_BAR row 52"""
    user = await stored(app, (await app.enrolled_user()).username)
    await PREPARATIONS["a password"](services_of(app), user, LIMITED)

    await promote(app, user.user_id, way)

    assert is_closed(await stored(app, user.username))


async def test_accounts_that_others_created_are_closed_at_the_promotion(app: Application) -> None:
    """SECURITY_BAR row 52: by the API, by an invitation that was returned"""
    administration = services_of(app).accounts.administration
    created = await administration.users.create(
        UserCreate(username="created", password=SecretStr(PASSWORD)), authority=LIMITED
    )
    invited = await administration.invitations.invite(
        Invitation(email=ADDRESS, username="invited"), delivery=RETURNED, authority=LIMITED
    )
    accepted = await services_of(app).accounts.invitations.accept(
        token_in(invited.link or ""), KNOWN
    )
    assert accepted is not None

    for user in (created.user, accepted):
        await promote(app, user.user_id)

        assert is_closed(await stored(app, user.username))


@pytest.mark.parametrize("preparation", PREPARATIONS)
async def test_what_a_full_administrator_did_remains(app: Application, preparation: str) -> None:
    user = await stored(app, (await person_with(app, email=ADDRESS)).username)
    await PREPARATIONS[preparation](services_of(app), user, FULL)
    before = await stored(app, user.username)

    await promote(app, user.user_id)

    assert await stored(app, user.username) == before
    assert await events_of(app, "user.preparations_withdrawn") == []


async def test_an_ordinary_role_or_group_withdraws_nothing(app: Application) -> None:
    person = await app.enrolled_user()
    user = await stored(app, person.username)
    await PREPARATIONS["a password"](services_of(app), user, LIMITED)
    before = await stored(app, user.username)

    await new_role(app, await new_group(app, person), person)

    assert await stored(app, user.username) == before


@dataclass(frozen=True)
class Occupied:
    """An account in which someone else signed in, with all that they left there."""

    user: TestUser
    user_id: str
    passkey: Passkey


async def occupy(app: Application, session: Visitor, trusted: Visitor) -> Occupied:
    """Sign in with credentials that `users:write` set, and leave as many ways back as possible."""
    user = await app.enrolled_user()
    user_id = (await stored(app, user.username)).user_id
    credentials = services_of(app).accounts.administration.credentials
    await credentials.set_password(user_id, KNOWN, authority=LIMITED)
    enrolment = await credentials.reset_otp(user_id, authority=LIMITED)
    user = replace(user, password=KNOWN, otp_secret=otp_secret_in(enrolment.otp_uri))
    app.clock.advance(seconds=31)
    await app.verify_otp(user.username, app.code(user))
    await signed_in(session, user)
    await make_codes(session)
    passkey = await enrol(session)
    app.clock.advance(seconds=31)
    page = await trusted.give_password(await trusted.get("/login"), user)
    await trusted.submit(page, to="/login/otp", code=app.code(user), remember_browser="1")
    return Occupied(user, user_id, passkey)


async def test_nothing_that_was_left_in_the_account_opens_it_after_the_promotion(
    app: Application,
) -> None:
    """SECURITY_BAR row 52: session, trusted browser, passkey, recovery code, tokens, password"""
    client = await app.create_client()
    server = await app.create_client()
    resource = await new_resource(app, servers=[server.client_id], allows_personal_tokens=True)
    service = Service(server, resource)
    async with visiting(app) as session, visiting(app) as trusted, visiting(app) as other:
        occupied = await occupy(app, session, trusted)
        tokens = await other.tokens_for(client, occupied.user, scope="openid offline_access")
        personal_token = await create(session, service)
        assert (await session.get("/account")).status_code == 200
        assert await sees(app, service, personal_token)

        await promote(app, occupied.user_id)

        assert is_refused(await session.get("/account"))
        assert is_refused(await session.get("/admin"))
        assert is_refused(await trusted.get("/account"))
        assert_oauth_error(await app.refresh(client, tokens["refresh_token"]), "invalid_grant")
        assert not await sees(app, service, personal_token)
        assert not await app.is_active(client, tokens["access_token"])
        async with visiting(app) as again:
            page = await sign_in_with(again, occupied.passkey)
            assert is_refused(await again.get("/account")), page.text
        for visitor in (trusted, other):
            await visitor.give_password(await visitor.get("/login"), occupied.user)
            assert is_refused(await visitor.get("/account"))
    for table in ("passkeys", "recovery_codes", "remembered_browsers", "upstream_identities"):
        assert await count(services_of(app).core.database, table) == 0, table


def is_refused(page: httpx.Response) -> bool:
    """Return whether a page asks for a sign-in."""
    return page.status_code == 303 and page.headers["location"].startswith("/login")


async def test_a_full_administrator_opens_the_account_again(app: Application) -> None:
    user = await stored(app, (await app.enrolled_user()).username)
    await PREPARATIONS["a password"](services_of(app), user, LIMITED)
    await promote(app, user.user_id)

    link = await services_of(app).accounts.administration.credentials.create_password_link(
        user.user_id, delivery=PRINTED, authority=FULL
    )

    assert await services_of(app).accounts.password_reset.find(token_in(link or "")) is not None


async def test_an_account_is_prepared_no_more_once_it_is_deleted(app: Application) -> None:
    user = await stored(app, (await app.enrolled_user()).username)
    await PREPARATIONS["a password"](services_of(app), user, LIMITED)

    await services_of(app).accounts.administration.users.delete(user.user_id, authority=FULL)

    assert await count(services_of(app).core.database, "prepared_accounts") == 0
