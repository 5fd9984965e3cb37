"""Links that set a password: who gets one, how often it counts, and what dies with its use."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from sqlalchemy import text

from app.wiring import build_services
from tests.api.mailing import (
    NEW_PASSWORD,
    ask_for_link,
    claims_of,
    open_link,
    person_with_mailbox,
    reset_link,
    set_password,
    users_of,
)
from tests.conftest import AppFactory
from tests.support.administration import reset_password, set_user_disabled
from tests.support.application import Application, TestUser, running_application
from tests.support.assertions import assert_oauth_error
from tests.support.databases import Databases
from tests.support.events import new_event
from tests.support.loggers import loggers_as_before
from tests.support.logout import is_signed_in
from tests.support.parts import count, services_of
from tests.support.people import person_with
from tests.support.smtp import MailServer, deliver, link_in, running_mail_server, token_in
from tests.support.visitor import Visitor, visiting
from tests.support.visitor import text_of as shown_on
from tests.support.waiting import eventually

ADDRESS = "zoe@example.com"
NOT_VERIFIED = "not-verified@example.com"


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest.fixture(autouse=True)
def _loggers() -> Iterator[None]:
    with loggers_as_before():
        yield


@pytest_asyncio.fixture
async def app(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**mail_server.settings)


@pytest_asyncio.fixture
async def zoe(app: Application, mail_server: MailServer) -> TestUser:
    return await person_with_mailbox(app, mail_server, ADDRESS)


async def test_a_reset_request_does_not_reveal_if_a_username_or_email_exists(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """SECURITY_BAR row 19"""
    unreachable = await person_with(app, email=NOT_VERIFIED)
    disabled = await person_with_mailbox(app, mail_server, "disabled@example.com")
    await set_user_disabled(services_of(app), disabled.username, disabled=True)
    asked = (
        zoe.username,
        ADDRESS,
        "nobody",
        "nobody@example.com",
        unreachable.username,
        NOT_VERIFIED,
        disabled.username,
        "not a name\u202e at all",
    )

    answers = [await ask_for_link(visitor, each) for each in asked]

    assert {(each.status_code, each.text) for each in answers} == {(200, answers[0].text)}
    assert {tuple(sorted(each.headers.keys())) for each in answers} == {
        tuple(sorted(answers[0].headers.keys()))
    }


@pytest.mark.slow
async def test_only_a_verified_email_gets_a_reset_link(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """Anybody can say that he has another's address"""
    other = await person_with(app, email=ADDRESS)
    await mail_server.mail_to(ADDRESS)
    mail_server.mails.clear()

    await ask_for_link(visitor, other.username)
    await ask_for_link(visitor, ADDRESS)
    mail = await mail_server.mail_to(ADDRESS)
    await deliver(app, after=3600)

    assert len(mail_server.mails) == 1
    assert zoe.username in mail.as_string()
    assert other.username not in mail.as_string()


async def test_a_reset_request_for_an_unknown_user_causes_the_same_writes(
    app: Application, visitor: Visitor, zoe: TestUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SECURITY_BAR row 19: so that it takes the same time. A mail and a link are written"""
    database, delivery = services_of(app).core.database, services_of(app).core.mail_delivery

    async def look_at_none() -> int:
        return 0

    async def is_emptied() -> bool:
        return not await count(database, "mails")

    await eventually(is_emptied)  # the mail of the arrangement is delivered, its row goes after it
    monkeypatch.setattr(delivery, "run_once", look_at_none)  # else it may be quicker than we are
    grown = []
    for asked in (zoe.username, "nobody"):
        before = await count(database, "mails"), await count(database, "audit_outbox")
        await ask_for_link(visitor, asked)
        after = await count(database, "mails"), await count(database, "audit_outbox")
        grown.append([now - then for now, then in zip(after, before, strict=True)])

    assert grown[0] == grown[1] == [1, 1]


async def test_reset_requests_are_limited_equally_for_known_and_unknown_usernames(
    app: Application, visitor: Visitor, zoe: TestUser
) -> None:
    """SECURITY_BAR rows 23 and 50"""
    app.clock.advance(seconds=7200)
    answers = {
        asked: [await ask_for_link(visitor, asked) for _ in range(4)]
        for asked in (zoe.username, "nobody")
    }

    for each in answers.values():
        assert [answer.status_code for answer in each] == [200, 200, 200, 429]
        assert int(each[-1].headers["retry-after"]) > 0
        assert "Too many emails requested." in shown_on(each[-1])


async def test_reset_mails_requested_by_one_ip_are_limited(
    app: Application, visitor: Visitor
) -> None:
    """SECURITY_BAR row 23"""
    answers = [await ask_for_link(visitor, app.new_name()) for _ in range(21)]

    assert [each.status_code for each in answers] == [200] * 20 + [429]


async def test_opening_the_link_changes_nothing(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    link = await reset_link(visitor, mail_server, zoe, ADDRESS)
    before = await services_of(app).accounts.users.get(zoe.username)

    for _ in range(3):
        page = await open_link(visitor, link)

    assert "Set a new password" in shown_on(page)
    assert await services_of(app).accounts.users.get(zoe.username) == before


async def test_a_reset_link_sets_the_password_once(
    mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    link = await reset_link(visitor, mail_server, zoe, ADDRESS)
    page = await open_link(visitor, link)
    await set_password(visitor, page)

    answers = [await set_password(visitor, page, "yet another one"), await open_link(visitor, link)]

    assert [each.status_code for each in answers] == [410, 410]
    assert all("This link no longer works" in shown_on(each) for each in answers)
    assert all('href="/recover"' in each.text for each in answers)


async def test_only_one_of_ten_concurrent_uses_of_a_reset_link_succeeds(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """SECURITY_BAR row 17: at once, and in another process"""
    token = token_in(await reset_link(visitor, mail_server, zoe, ADDRESS))
    other = build_services(app.settings, app.clock)

    parts = [services_of(app).accounts.password_reset, other.accounts.password_reset]
    won = await asyncio.gather(
        *(parts[each % 2].set_password(token, f"password-number-{each}") for each in range(10))
    )
    await other.close()

    client = await app.create_client()
    winner = TestUser(zoe.username, f"password-number-{won.index(True)}", zoe.otp_secret)
    assert sum(won) == 1
    assert (await app.password_grant(client, winner)).status_code == 200


async def test_a_reset_link_is_valid_for_an_hour(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    link = await reset_link(visitor, mail_server, zoe, ADDRESS)
    app.clock.advance(seconds=3599)
    page = await open_link(visitor, link)
    app.clock.advance(seconds=1)

    late = await set_password(visitor, page)

    assert (page.status_code, late.status_code) == (200, 410)


async def test_a_newer_reset_link_revokes_the_older_one(
    mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    older = await reset_link(visitor, mail_server, zoe, ADDRESS)
    newer = await reset_link(visitor, mail_server, zoe, ADDRESS)

    answers = [await open_link(visitor, older), await open_link(visitor, newer)]

    assert [each.status_code for each in answers] == [410, 200]


async def test_a_password_change_revokes_a_reset_link(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    link = await reset_link(visitor, mail_server, zoe, ADDRESS)

    await reset_password(services_of(app), zoe.username, NEW_PASSWORD)

    assert (await open_link(visitor, link)).status_code == 410


async def test_an_email_change_revokes_a_reset_link(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """Who gave a mailbox up is safe from the next one who has it"""
    link = await reset_link(visitor, mail_server, zoe, ADDRESS)
    stored = await services_of(app).accounts.users.get(zoe.username)
    claims = '{"email": "new@example.com", "email_verified": true}'

    await users_of(app).replace_claims(
        stored, claims, is_full=True, now=app.clock.now(), event=new_event()
    )

    assert (await open_link(visitor, link)).status_code == 410


async def test_a_reset_link_does_not_work_for_a_disabled_user(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    page = await open_link(visitor, await reset_link(visitor, mail_server, zoe, ADDRESS))

    await set_user_disabled(services_of(app), zoe.username, disabled=True)

    assert (await set_password(visitor, page)).status_code == 410


async def test_a_password_reset_ends_all_sessions_and_revokes_all_tokens(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """SECURITY_BAR row 9"""
    client = await app.create_client(scope="openid offline_access")
    async with visiting(app) as elsewhere:
        tokens = await elsewhere.tokens_for(client, zoe, scope="openid offline_access")
        page = await open_link(visitor, await reset_link(visitor, mail_server, zoe, ADDRESS))

        await set_password(visitor, page)

        assert not await is_signed_in(elsewhere, client)
    assert not await app.is_active(client, tokens["access_token"])
    assert_oauth_error(await app.refresh(client, tokens["refresh_token"]), "invalid_grant")


async def test_verification_links_and_reset_links_are_not_interchangeable(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    await person_with(app, email="other@example.com")
    verifies = link_in(await mail_server.mail_to("other@example.com"))
    resets = await reset_link(visitor, mail_server, zoe, ADDRESS)

    answers = [
        await open_link(visitor, verifies.replace("/verify-email", "/recover/new")),
        await open_link(visitor, resets.replace("/recover/new", "/verify-email")),
    ]

    assert [each.status_code for each in answers] == [410, 410]


@pytest.mark.parametrize(
    "token",
    ["", "x", "postern_ol_", "postern_at_" + "A" * 50, "postern_ol_" + "A" * 3000, "\u00e4%00"],
)
async def test_an_invalid_link_shows_an_explanation(visitor: Visitor, token: str) -> None:
    for path in ("/recover/new", "/verify-email"):
        page = await visitor.follow(await visitor.get(path, token=token))

        assert page.status_code == 410
        assert "This link no longer works" in shown_on(page)


async def test_the_page_works_only_in_the_browser_that_opened_the_link(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """SECURITY_BAR row 30"""
    page = await open_link(visitor, await reset_link(visitor, mail_server, zoe, ADDRESS))
    async with visiting(app) as stranger:
        stranger.http.cookies.set("postern_recover", visitor.http.cookies["postern_recover"])

        stolen = await stranger.get("/recover/new")
        forged = await set_password(stranger, page)

    assert (stolen.status_code, forged.status_code) == (410, 403)


async def test_the_cookie_of_a_reset_link_expires_after_half_an_hour(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    link = await reset_link(visitor, mail_server, zoe, ADDRESS)
    await open_link(visitor, link)
    app.clock.advance(seconds=1801)

    left_open = await visitor.get("/recover/new")

    assert left_open.status_code == 410
    assert (await open_link(visitor, link)).status_code == 200


@pytest.mark.slow
async def test_logs_contain_no_link_email_or_password(
    databases: Databases,
    database_kind: str,
    mail_server: MailServer,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """SECURITY_BAR row 13

    The application stops inside the test: it writes its last lines to a stream that `capfd` closes.
    """
    settings = {"access_log": True, "log_level": "DEBUG", **mail_server.settings}
    log = ""

    def is_written() -> bool:
        nonlocal log
        log += "".join(capfd.readouterr())
        return "was not sent" in log and log.count("/recover/new") >= 2

    async with running_application(await databases.migrated(database_kind), **settings) as app:
        zoe = await person_with_mailbox(app, mail_server, ADDRESS)
        async with visiting(app) as visitor:
            link = await reset_link(visitor, mail_server, zoe, ADDRESS)
            await set_password(visitor, await open_link(visitor, link))
            await visitor.get(f"/recover/{token_in(link)}")
            mail_server.answer = "550 5.1.1 <zoe@example.com> does not exist"
            await ask_for_link(visitor, ADDRESS)
            await deliver(app, after=100)
        await eventually(is_written)
    log += "".join(capfd.readouterr())

    assert "/recover/new" in log
    assert "was not sent" in log
    assert token_in(link) not in log
    assert ADDRESS not in log
    assert NEW_PASSWORD not in log


@pytest.mark.slow
async def test_queued_reset_mails_are_sealed_in_the_database(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """SECURITY_BAR row 20, of links: who reads a backup resets nobody's password"""
    await mail_server.stop()
    await ask_for_link(visitor, zoe.username)

    row = await services_of(app).core.database.fetch_one(text("SELECT sealed FROM mails"))

    assert row is not None
    assert b"postern_ol_" not in bytes(row[0])
    assert ADDRESS.encode() not in bytes(row[0])
    assert (await claims_of(app, zoe))["email"] == ADDRESS
