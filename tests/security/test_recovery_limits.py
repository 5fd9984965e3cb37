"""`/recover` counts what was asked for, so its limit says nothing about who exists."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.mailing import ask_for_link, open_link, person_with_mailbox, set_password
from tests.conftest import AppFactory
from tests.support.application import Application, TestUser
from tests.support.callers import calling_from
from tests.support.parts import count, services_of
from tests.support.people import person_with
from tests.support.smtp import MailServer, link_in, running_mail_server
from tests.support.visitor import visiting
from tests.support.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.both_databases]

ADDRESS = "zoe@example.com"
FREE, FREE_OF_A_MAILBOX = 3, 20


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as running:
        yield running


@pytest_asyncio.fixture
async def app(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**mail_server.settings)


@pytest_asyncio.fixture
async def zoe(app: Application, mail_server: MailServer) -> TestUser:
    return await person_with_mailbox(app, mail_server, ADDRESS)


async def statuses(app: Application, *names: str) -> list[int]:
    """Ask for a link for each of these, as a stranger at a new address."""
    async with calling_from(app, app.new_address()) as caller, visiting(caller) as visitor:
        return [(await ask_for_link(visitor, name)).status_code for name in names]


async def all_mails_are_sent(app: Application) -> bool:
    return await count(services_of(app).core.database, "mails") == 0


async def test_a_username_and_its_email_are_counted_separately(
    app: Application, zoe: TestUser
) -> None:
    """SECURITY_BAR rows 19 and 50: a shared count would tell whose address it is"""
    by_name = await statuses(app, *[zoe.username] * (FREE + 1))

    by_address = await statuses(app, ADDRESS)

    assert by_name == [200] * FREE + [429]
    assert by_address == [200]


@pytest.mark.parametrize("kind", ["username", "address"])
async def test_known_and_unknown_usernames_and_emails_are_limited_equally(
    app: Application, zoe: TestUser, kind: str
) -> None:
    """SECURITY_BAR rows 19 and 50: the pattern of answers is the same, alone and mixed"""
    name, other = zoe.username, ADDRESS
    known = [name, other] if kind == "username" else [other, name]
    unknown = [app.new_name(), "nobody@example.com"]
    if kind == "address":
        unknown.reverse()

    answers = [
        await statuses(app, *[first] * FREE, second, first, second)
        for first, second in (known, unknown)
    ]

    assert answers[0] == answers[1] == [200] * (FREE + 1) + [429, 200]


async def test_different_spellings_of_a_username_or_email_share_one_count(
    app: Application, zoe: TestUser
) -> None:
    """SECURITY_BAR row 50: otherwise capitals would be new attempts"""
    by_address = await statuses(app, ADDRESS, ADDRESS.upper(), f" {ADDRESS} ", ADDRESS)
    by_name = await statuses(app, *[zoe.username, zoe.username.upper()] * 2)

    assert by_address == [200] * FREE + [429]
    assert by_name == [200] * FREE + [429]


async def test_requests_beyond_the_mail_limit_of_an_account_silently_send_no_mail(
    app: Application, zoe: TestUser, mail_server: MailServer
) -> None:
    """SECURITY_BAR rows 19 and 50: its last link stays valid"""
    answers = await statuses(app, *[ADDRESS, zoe.username] * FREE)
    await mail_server.mail_to(ADDRESS, number=FREE)
    await eventually(lambda: all_mails_are_sent(app))

    assert answers == [200] * 2 * FREE
    assert len(mail_server.to(ADDRESS)) == FREE
    async with visiting(app) as owner:
        page = await open_link(owner, link_in(mail_server.to(ADDRESS)[-1]))
        done = await set_password(owner, page)
    assert done.headers["location"].startswith("/login")


async def test_mails_to_one_mailbox_are_limited_across_accounts(
    app: Application, mail_server: MailServer
) -> None:
    """SECURITY_BAR row 50: each registers from a network of its own and names the same address"""
    for _ in range(FREE_OF_A_MAILBOX + 2):
        async with calling_from(app, app.new_address()) as caller:
            await person_with(caller, email=ADDRESS)
    await mail_server.mail_to(ADDRESS, number=FREE_OF_A_MAILBOX)
    await eventually(lambda: all_mails_are_sent(app))

    assert len(mail_server.to(ADDRESS)) == FREE_OF_A_MAILBOX
