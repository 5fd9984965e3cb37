"""The mail to the owner of an account that strangers guess at, and what its link does."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.mailing import audited, open_link, person_with_mailbox
from tests.conftest import AppFactory
from tests.security.guessing import (
    FREE,
    NO_CODE,
    ONE_DAY,
    WIDE,
    guess_codes,
    guess_passwords,
    sign_in_from,
)
from tests.support.application import Application, TestClient, TestUser
from tests.support.callers import calling_from
from tests.support.parts import count, services_of
from tests.support.smtp import MailServer, link_in, running_mail_server, subject_of
from tests.support.smtp import text_of as text_of_mail
from tests.support.visitor import Visitor, text_of, visiting
from tests.support.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.both_databases]

ADDRESS, PATH = "zoe@example.com", "/known-network"
SUBJECT = "Many failed sign-ins to your account"


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as running:
        yield running


@pytest_asyncio.fixture
async def app(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**WIDE, **mail_server.settings)


@pytest_asyncio.fixture
async def zoe(app: Application, mail_server: MailServer) -> TestUser:
    return await person_with_mailbox(app, mail_server, ADDRESS)


@pytest_asyncio.fixture
async def abroad(app: Application) -> AsyncIterator[Visitor]:
    """The owner's browser in a network that the account does not know."""
    async with calling_from(app, app.new_address()) as caller, visiting(caller) as visitor:
        yield visitor


async def link_after_guesses(
    app: Application, client: TestClient, zoe: TestUser, mail_server: MailServer
) -> str:
    await guess_passwords(app, client, zoe, FREE + 1)
    return link_in(await mail_server.mail_to(ADDRESS))


async def give_password(visitor: Visitor, user: TestUser) -> int:
    given = {"username": user.username, "password": user.password}
    answer = await visitor.submit(await visitor.get("/login"), to="/login", **given)
    return answer.status_code


async def test_confirming_the_emailed_link_ends_the_back_off_for_that_network(
    app: Application, client: TestClient, zoe: TestUser, mail_server: MailServer, abroad: Visitor
) -> None:
    """SECURITY_BAR rows 17 and 23: for passwords and codes on the pages, and nowhere else"""
    link = await link_after_guesses(app, client, zoe, mail_server)
    assert "sign_in.delayed" in await audited(app, zoe)
    await guess_codes(app, zoe, FREE + 1)

    page = await open_link(abroad, link)
    only_opened = await give_password(abroad, zoe)
    done = await abroad.submit(page, to=PATH)
    signed_in = await abroad.sign_in(await abroad.get("/login"), zoe)
    async with calling_from(app, app.new_address()) as elsewhere, visiting(elsewhere) as other:
        still_delayed = await give_password(other, zoe)

    assert "Sign in from this network" in text_of(page)
    assert only_opened == 429
    assert "This network is allowed" in text_of(done)
    assert "Your account" in text_of(signed_in)
    assert "network.made_known" in await audited(app, zoe)
    assert still_delayed == 303  # the sign-in had the failures forgotten


async def test_a_confirmed_network_remains_unknown_to_the_password_grant(
    app: Application, client: TestClient, zoe: TestUser, mail_server: MailServer
) -> None:
    """SECURITY_BAR row 23: an application is one caller, whoever sits behind it"""
    link = await link_after_guesses(app, client, zoe, mail_server)
    here = app.new_address()
    async with calling_from(app, here) as caller, visiting(caller) as visitor:
        await visitor.submit(await open_link(visitor, link), to=PATH)

    answer = await sign_in_from(app, client, zoe, here)

    assert answer.status_code == 429


async def test_the_link_works_once(
    app: Application, client: TestClient, zoe: TestUser, mail_server: MailServer, abroad: Visitor
) -> None:
    """SECURITY_BAR row 23"""
    link = await link_after_guesses(app, client, zoe, mail_server)
    page = await open_link(abroad, link)
    await abroad.submit(page, to=PATH)

    again = await abroad.submit(page, to=PATH)
    async with calling_from(app, app.new_address()) as elsewhere, visiting(elsewhere) as other:
        opened = await open_link(other, link)

    assert (again.status_code, opened.status_code) == (410, 410)


async def test_the_link_works_for_a_day(
    app: Application, client: TestClient, zoe: TestUser, mail_server: MailServer, abroad: Visitor
) -> None:
    """SECURITY_BAR row 23"""
    link = await link_after_guesses(app, client, zoe, mail_server)
    app.clock.advance(seconds=ONE_DAY - 1)
    in_time = await open_link(abroad, link)
    app.clock.advance(seconds=2)

    too_late = await open_link(abroad, link)

    assert (in_time.status_code, too_late.status_code) == (200, 410)


async def test_the_user_is_emailed_at_most_once_a_day(
    app: Application, client: TestClient, zoe: TestUser, mail_server: MailServer
) -> None:
    """SECURITY_BAR row 23: however many attempts are refused"""
    await guess_passwords(app, client, zoe, FREE + 10)
    await guess_codes(app, zoe, FREE + 10)
    first = await mail_server.mail_to(ADDRESS)
    app.clock.advance(seconds=2 * ONE_DAY)
    await guess_passwords(app, client, zoe, FREE + 10)
    second = await mail_server.mail_to(ADDRESS, number=2)
    await eventually(lambda: all_mails_are_sent(app))

    assert len(mail_server.to(ADDRESS)) == 2
    assert subject_of(first) == subject_of(second) == SUBJECT
    assert zoe.username in text_of_mail(first)


async def test_an_unknown_username_causes_the_same_writes_but_no_email(
    app: Application, client: TestClient, zoe: TestUser, mail_server: MailServer
) -> None:
    """SECURITY_BAR row 19: as much is written, and nobody is mailed"""
    nobody = TestUser(app.new_name(), zoe.password, zoe.otp_secret)
    database = services_of(app).core.database

    before = await count(database, "one_time_links")
    await guess_passwords(app, client, nobody, FREE + 2)
    after_nobody = await count(database, "one_time_links")
    await guess_passwords(app, client, zoe, FREE + 2)
    after_zoe = await count(database, "one_time_links")
    await mail_server.mail_to(ADDRESS)
    await eventually(lambda: all_mails_are_sent(app))

    assert (after_nobody - before, after_zoe - after_nobody) == (1, 1)
    assert len(mail_server.mails) == 1


async def test_an_allowed_network_has_separate_code_attempts(
    app: Application, client: TestClient, zoe: TestUser, mail_server: MailServer, abroad: Visitor
) -> None:
    """SECURITY_BAR row 17: known, and still limited"""
    link = await link_after_guesses(app, client, zoe, mail_server)
    await abroad.submit(await open_link(abroad, link), to=PATH)
    await guess_codes(app, zoe, FREE + 1)
    page = await abroad.give_password(await abroad.get("/login"), zoe)

    answer = await abroad.submit(page, to="/login/otp", code=NO_CODE)

    assert answer.status_code == 400


async def all_mails_are_sent(app: Application) -> bool:
    return await count(services_of(app).core.database, "mails") == 0
