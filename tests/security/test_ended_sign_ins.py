"""What ends with a way to sign in, and what does not come back once it has ended."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from app.models.accounts.sessions import sessions
from app.services.accounts.sessions import SessionService
from tests.cli.conftest import Postern, _as_it_was, postern  # noqa: F401
from tests.security.factors import is_signed_in as led_to_account
from tests.security.factors import make_codes
from tests.support.account import stored
from tests.support.application import PASSWORD, Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.events import new_event
from tests.support.identity_provider import Provider, account_made_by, linked_by, signed_in_by
from tests.support.parts import services_of
from tests.support.passkeys import MINE, SECOND, Passkey, enrol, give, options_from, sign_in_with
from tests.support.visitor import Visitor, answer_in, redeem, visiting

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"remember_browser_days": 30}

CONNECTIONS = "/account/connections"
STEP_UP = "/login/step-up"
ALL = "openid offline_access"


async def is_signed_in(visitor: Visitor) -> bool:
    return (await visitor.get("/account")).status_code == 200


async def tokens_in(visitor: Visitor, client: TestClient) -> dict[str, Any]:
    """Of who is signed in already."""
    page = await visitor.authorize(client, scope=ALL)
    answer = await visitor.allow(page) if 'action="/consent"' in page.text else page
    tokens: dict[str, Any] = (await redeem(visitor.app, client, answer_in(answer)["code"])).json()
    return tokens


async def assert_dead(app: Application, client: TestClient, tokens: dict[str, Any]) -> None:
    assert_oauth_error(await app.refresh(client, tokens["refresh_token"]), "invalid_grant")
    assert not await app.is_active(client, tokens["access_token"])


async def remember(visitor: Visitor, user: TestUser) -> None:
    """Signs in with a code, which is not asked for here again."""
    page = await visitor.give_password(await visitor.get("/login"), user)
    visitor.app.clock.advance(seconds=60)
    code = visitor.app.code(user)
    answer = await visitor.submit(page, to="/login/otp", code=code, remember_browser="1")
    assert led_to_account(answer), answer.text


async def rows_of(app: Application, table: Any, user_id: str) -> int:
    database = services_of(app).core.database
    row = await database.fetch_one(
        select(func.count()).select_from(table).where(table.c.user_id == user_id)
    )
    assert row is not None
    return int(row[0])


@pytest.mark.slow
async def test_removing_a_passkey_ends_other_sessions_and_revokes_all_tokens(
    app: Application, client: TestClient, owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 29: whoever has the device has no session and no token any more."""
    passkey = await enrol(owner)
    assert (await sign_in_with(stranger, passkey)).url.path == "/account"
    theirs, mine = await tokens_in(stranger, client), await tokens_in(owner, client)

    answer = await owner.submit(await owner.get(MINE), to=f"{MINE}/remove")

    assert answer.headers["location"] == MINE
    assert not await is_signed_in(stranger)
    assert (await stranger.get("/account/recovery-codes")).headers["location"].startswith("/login")
    for tokens in (theirs, mine):
        await assert_dead(app, client, tokens)
    assert await is_signed_in(owner)


async def test_removing_a_passkey_rotates_the_session_secret_of_the_browser(
    app: Application, owner: Visitor, user: TestUser
) -> None:
    await enrol(owner)
    before = dict(owner.http.cookies)

    await owner.submit(await owner.get(MINE), to=f"{MINE}/remove")

    assert await is_signed_in(owner)
    assert (await owner.get("/account/password")).status_code == 200
    async with visiting(app) as thief:
        thief.http.cookies.update(before)
        assert (await thief.get("/account")).headers["location"] == "/login"


async def test_removing_a_passkey_invalidates_pending_sign_ins(
    app: Application, owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    """The password is given, the second factor is not."""
    await enrol(owner)
    page = await stranger.give_password(await stranger.get("/login"), user)
    assert page.url.path == "/login/otp"

    await owner.submit(await owner.get(MINE), to=f"{MINE}/remove")
    app.clock.advance(seconds=60)
    answer = await stranger.submit(page, to="/login/otp", code=app.code(user))

    assert answer.headers["location"] == "/login"
    assert not await is_signed_in(stranger)


async def test_removing_an_unknown_passkey_ends_no_session(
    app: Application, owner: Visitor, stranger: Visitor, user: TestUser
) -> None:
    passkey = await enrol(owner)
    await sign_in_with(stranger, passkey)

    page = await owner.get(MINE)
    await owner.submit(page, to=f"{MINE}/remove", passkey_id="nobodys")

    assert await is_signed_in(stranger)
    assert await is_signed_in(owner)


async def test_unlinking_a_provider_ends_other_sessions_and_revokes_all_tokens(
    app: Application, client: TestClient, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    sub = app.new_name("sub")
    await account_made_by(visitor, provider, sub=sub)
    page = await visitor.get("/account/password")
    await visitor.submit(page, to="/account/password", password=PASSWORD)
    await signed_in_by(stranger, provider, sub=sub)
    theirs, mine = await tokens_in(stranger, client), await tokens_in(visitor, client)

    page = await visitor.get(CONNECTIONS)
    answer = await visitor.submit(page, to=f"{CONNECTIONS}/unlink")

    assert answer.headers["location"] == f"{CONNECTIONS}?told=unlinked"
    assert not await is_signed_in(stranger)
    for tokens in (theirs, mine):
        await assert_dead(app, client, tokens)
    assert await is_signed_in(visitor)
    assert (await visitor.get("/account/password")).status_code == 200


async def test_unlinking_a_provider_invalidates_pending_sign_ins(
    app: Application, owner: Visitor, stranger: Visitor, provider: Provider, user: TestUser
) -> None:
    sub = app.new_name("sub")
    await linked_by(owner, provider, sub=sub)
    page = await signed_in_by(stranger, provider, sub=sub)
    assert page.url.path == "/login/otp"

    await owner.submit(await owner.get(CONNECTIONS), to=f"{CONNECTIONS}/unlink")
    app.clock.advance(seconds=60)
    answer = await stranger.submit(page, to="/login/otp", code=app.code(user))

    assert answer.headers["location"] == "/login"
    assert not await is_signed_in(stranger)


async def test_a_refused_unlinking_ends_no_session(
    app: Application, visitor: Visitor, stranger: Visitor, provider: Provider
) -> None:
    """It is the only way in."""
    sub = app.new_name("sub")
    await account_made_by(visitor, provider, sub=sub)
    await signed_in_by(stranger, provider, sub=sub)

    refused = await visitor.submit(await visitor.get(CONNECTIONS), to=f"{CONNECTIONS}/unlink")

    assert refused.status_code == 400
    assert await is_signed_in(stranger)
    assert await is_signed_in(visitor)


RemovePasskeys = Callable[[TestUser], Awaitable[None]]


@pytest.fixture
def remove_passkeys(app: Application, postern: Postern) -> RemovePasskeys:  # noqa: F811
    """What an operator does on the database of the running application."""

    async def remove(user: TestUser) -> None:
        result = await postern(
            "users", "remove-passkeys", user.username, DATABASE_URL=app.settings.database_url
        )
        assert result.code == 0, result.errors
        assert "The user has been signed out everywhere." in result.output

    return remove


async def test_removing_passkeys_as_an_operator_ends_all_sessions_and_tokens(
    app: Application,
    client: TestClient,
    owner: Visitor,
    stranger: Visitor,
    user: TestUser,
    remove_passkeys: RemovePasskeys,
) -> None:
    passkey = await enrol(owner)
    await sign_in_with(stranger, passkey)
    both = [await tokens_in(owner, client), await tokens_in(stranger, client)]

    await remove_passkeys(user)

    for visitor, tokens in zip((owner, stranger), both, strict=True):
        assert not await is_signed_in(visitor)
        await assert_dead(app, client, tokens)


async def test_removing_passkeys_as_an_operator_invalidates_pending_sign_ins(
    app: Application,
    owner: Visitor,
    stranger: Visitor,
    user: TestUser,
    remove_passkeys: RemovePasskeys,
) -> None:
    """The cookie of who gave his password is worth nothing any more."""
    await enrol(owner)
    page = await stranger.give_password(await stranger.get("/login"), user)

    await remove_passkeys(user)
    app.clock.advance(seconds=60)

    assert (await stranger.get("/login/otp")).headers["location"] == "/login"
    answer = await stranger.submit(page, to="/login/otp", code=app.code(user))
    assert answer.headers["location"] == "/login"
    assert not await is_signed_in(stranger)


async def test_removing_passkeys_as_an_operator_revokes_trusted_browsers(
    app: Application, visitor: Visitor, user: TestUser, remove_passkeys: RemovePasskeys
) -> None:
    await remember(visitor, user)
    await enrol(visitor)
    assert (await visitor.give_password(await visitor.get("/login"), user)).url.path == "/account"

    await remove_passkeys(user)
    page = await visitor.give_password(await visitor.get("/login"), user)

    assert page.url.path == "/login/otp"
    assert not await is_signed_in(visitor)


async def step_up_page(visitor: Visitor, user: TestUser) -> Any:
    """In a remembered browser: the password alone signed in, and a code is asked for now."""
    await remember(visitor, user)
    services = services_of(visitor.app)
    await services.accounts.sessions.end_all(
        (await stored(visitor.app, user)).user_id, is_full=True, event_of=lambda _: new_event()
    )
    await visitor.give_password(await visitor.get("/login"), user)
    assert await is_signed_in(visitor)
    page = await visitor.follow(await visitor.get(STEP_UP))
    assert page.url.path == "/login/otp"
    visitor.app.clock.advance(seconds=60)
    return page


async def test_a_step_up_completes_in_an_active_session(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    page = await step_up_page(visitor, user)

    answer = await visitor.submit(page, to="/login/otp", code=app.code(user))

    assert led_to_account(answer)
    assert (await visitor.get("/account/recovery-codes")).status_code == 200


async def test_a_step_up_does_not_restore_a_session_that_ended_before_it(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    page = await step_up_page(visitor, user)
    await services_of(app).accounts.sessions.end_all(
        (await stored(app, user)).user_id, is_full=True, event_of=lambda _: new_event()
    )

    answer = await visitor.submit(page, to="/login/otp", code=app.code(user))

    assert answer.headers["location"] == "/login"
    assert not await is_signed_in(visitor)


@pytest.mark.parametrize("by", ["code", "recovery code", "passkey"])
async def test_a_step_up_does_not_restore_a_session_that_ends_during_it(
    app: Application,
    visitor: Visitor,
    user: TestUser,
    monkeypatch: pytest.MonkeyPatch,
    by: str,
) -> None:
    """Signed out everywhere, between the check of the factor and the session that it makes."""
    user_id = (await stored(app, user)).user_id
    passkey, codes = Passkey(), [""]
    await visitor.sign_in(await visitor.get("/login"), user)
    if by == "passkey":
        await enrol(visitor, passkey)
    if by == "recovery code":
        codes = await make_codes(visitor)
    page = await step_up_page(visitor, user)
    begin = SessionService.begin
    before = await rows_of(app, sessions, user_id)

    async def overtaken(service: SessionService, *rest: Any, **named: Any) -> Any:
        await service.end_all(user_id, is_full=True, event_of=lambda _: new_event())
        return await begin(service, *rest, **named)

    monkeypatch.setattr(SessionService, "begin", overtaken)

    if by == "code":
        answer = await visitor.submit(page, to="/login/otp", code=app.code(user))
    elif by == "passkey":
        options = await options_from(visitor, page, SECOND)
        answer = await give(visitor, page, SECOND, passkey.get(options))
    else:
        form = await visitor.get("/login/recovery")
        answer = await visitor.submit(form, to="/login/recovery", recovery_code=codes[0])

    assert answer.headers["location"] == "/login"
    assert not await is_signed_in(visitor)
    assert await rows_of(app, sessions, user_id) == before
