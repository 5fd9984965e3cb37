"""The mailbox that is proved is the one that the claim names."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.mailing import ask_for_link, claims_of, open_link, person_with_mailbox
from tests.conftest import AppFactory
from tests.support.application import PASSWORD, Application
from tests.support.people import person_with
from tests.support.smtp import MailServer, link_in, running_mail_server
from tests.support.visitor import Visitor, text_of

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

WRITTEN, KEPT = "chef@Fußball.example", "chef@xn--fuball-cta.example"
IN_THE_OLDER_IDNA = "chef@fussball.example"
NO_HOST = "chef@a_b.example"


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def app(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**mail_server.settings)


async def test_an_email_change_verifies_the_email_that_is_stored(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    user = await app.enrolled_user()
    page = await visitor.sign_in(await visitor.get("/login", next="email"), user)
    await visitor.submit(page, to="/account/email", email=WRITTEN)
    link = link_in(await mail_server.mail_to(KEPT))

    page = await open_link(visitor, link)
    await visitor.submit(page, to="/verify-email")

    claims = await claims_of(app, user)
    assert mail_server.recipients[0] == claims["email"] == KEPT
    assert claims["email_verified"] is True
    assert f"Confirm {KEPT}" in text_of(page)


async def test_a_registration_sends_its_mail_to_the_email_that_is_stored(
    app: Application, mail_server: MailServer
) -> None:
    user = await person_with(app, email=WRITTEN)

    await mail_server.mail_to(KEPT)

    assert (await claims_of(app, user))["email"] == KEPT


@pytest.mark.parametrize("asked", [WRITTEN, KEPT, KEPT.upper(), "CHEF@fußball\u3002example"])
async def test_a_user_is_found_by_any_spelling_of_their_email(
    app: Application, mail_server: MailServer, visitor: Visitor, asked: str
) -> None:
    user = await person_with_mailbox(app, mail_server, KEPT)

    await ask_for_link(visitor, asked)
    page = await open_link(visitor, link_in(await mail_server.mail_to(KEPT)))

    assert user.username in text_of(page)


async def test_two_different_mailboxes_belong_to_two_users(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    await person_with_mailbox(app, mail_server, KEPT)
    other = await person_with_mailbox(app, mail_server, IN_THE_OLDER_IDNA)

    await ask_for_link(visitor, IN_THE_OLDER_IDNA)
    page = await open_link(visitor, link_in(await mail_server.mail_to(IN_THE_OLDER_IDNA)))

    assert other.username in text_of(page)
    assert mail_server.to(KEPT) == []


async def test_an_email_with_an_invalid_host_is_refused(app: Application, visitor: Visitor) -> None:
    """SECURITY_BAR row 44"""
    user = await app.enrolled_user()
    said = {"username": app.new_name(), "password": PASSWORD, "email": NO_HOST}

    registered = await app.http.post("/register_user", json=said)
    on_the_page = await visitor.submit(
        await visitor.get("/create-account"), to="/create-account", **said
    )
    page = await visitor.sign_in(await visitor.get("/login", next="email"), user)
    changed = await visitor.submit(page, to="/account/email", email=NO_HOST)

    assert registered.status_code == 422
    assert NO_HOST not in registered.text
    for answer in (on_the_page, changed):
        assert answer.status_code == 400
        assert "Enter an email address like name@example.com." in text_of(answer)
