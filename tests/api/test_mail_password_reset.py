"""Forgotten passwords: a link by mail sets a new one."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.security.passwords import has_password
from tests.api.mailing import (
    NEW_PASSWORD,
    ask_for_link,
    audited,
    open_link,
    person_with_mailbox,
    reset_link,
    set_password,
)
from tests.conftest import AppFactory
from tests.support.application import Application, TestUser
from tests.support.parts import services_of
from tests.support.received_identities import new_employer
from tests.support.smtp import (
    MailServer,
    html_of,
    link_in,
    running_mail_server,
    subject_of,
    text_of,
)
from tests.support.visitor import Visitor
from tests.support.visitor import text_of as shown_on

ADDRESS = "zoe@example.com"


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def app(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**mail_server.settings)


@pytest_asyncio.fixture
async def zoe(app: Application, mail_server: MailServer) -> TestUser:
    return await person_with_mailbox(app, mail_server, ADDRESS)


@pytest.mark.parametrize("by", ["name", "address", "address in capitals"])
async def test_the_emailed_link_resets_a_forgotten_password(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser, by: str
) -> None:
    asked = {"name": zoe.username, "address": ADDRESS}.get(by, f" {ADDRESS.upper()} ")
    login = await visitor.get("/login")
    said = await ask_for_link(visitor, asked)
    mail = await mail_server.mail_to(ADDRESS)

    page = await open_link(visitor, link_in(mail))
    done = await visitor.follow(await set_password(visitor, page))

    new = TestUser(zoe.username, NEW_PASSWORD, zoe.otp_secret)
    after = await visitor.sign_in(done, new)
    assert 'href="/recover"' in login.text
    assert "we've sent an email to that address." in shown_on(said)
    assert "Your new password is set." in shown_on(done)
    assert "Your account" in shown_on(after)
    assert {"password.reset_requested", "password.reset"} <= set(await audited(app, zoe))


async def test_a_user_who_was_created_for_an_assertion_sets_a_password_by_a_link(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    """Identity assertions: the user has no password, and an address that their issuer owns"""
    rules = {"create_users": True, "email_domains": ["work.example"]}
    employer = await new_employer(app, identities=rules)
    address = f"{app.new_name('ada')}@work.example"
    response = await employer.claiming(
        email=address, email_verified=True, preferred_username="ada-at-work"
    )
    mails_before = mail_server.to(address)
    await ask_for_link(visitor, address)

    page = await open_link(visitor, link_in(await mail_server.mail_to(address)))
    done = await visitor.follow(await set_password(visitor, page))
    user = await services_of(app).accounts.users.get("ada-at-work")

    assert response.status_code == 200, response.text
    assert mails_before == []
    assert "Your new password is set." in shown_on(done)
    assert has_password(user.password_hash)


async def test_the_mail_explains_the_link_in_text_and_in_html(
    mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    await ask_for_link(visitor, zoe.username)

    mail = await mail_server.mail_to(ADDRESS)

    assert subject_of(mail) == "Set a new password"
    assert mail["From"] == "Postern <login@postern.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@postern.test>")
    assert mail["Date"].datetime is not None
    for body in (text_of(mail), html_of(mail)):
        assert zoe.username in body
        assert "The link works once and expires in one hour." in body
    assert "<img" not in html_of(mail)


async def test_the_second_factor_is_still_required_after_a_reset(
    mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    """Who reads the mail has one factor"""
    page = await open_link(visitor, await reset_link(visitor, mail_server, zoe, ADDRESS))
    done = await visitor.follow(await set_password(visitor, page))

    given = await visitor.give_password(done, TestUser(zoe.username, NEW_PASSWORD, ""))

    assert "Enter your security code" in shown_on(given)


async def test_the_user_is_notified_of_the_reset(
    mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    page = await open_link(visitor, await reset_link(visitor, mail_server, zoe, ADDRESS))
    await set_password(visitor, page)

    notice = await mail_server.mail_to(ADDRESS, number=2)

    assert subject_of(notice) == "Your password was reset"
    assert "127.0.0.1" in text_of(notice)
    assert "UTC" in text_of(notice)


async def test_the_form_has_the_username_for_password_managers(
    mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    page = await open_link(visitor, await reset_link(visitor, mail_server, zoe, ADDRESS))

    assert f'name="username" value="{zoe.username}" autocomplete="username"' in page.text
    assert 'autocomplete="new-password"' in page.text


async def test_a_bad_password_is_refused_and_the_link_still_works(
    mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    page = await open_link(visitor, await reset_link(visitor, mail_server, zoe, ADDRESS))

    refused = await set_password(visitor, page, "short")
    done = await set_password(visitor, refused)

    assert refused.status_code == 400
    assert "A password must have 8 to 256 characters." in shown_on(refused)
    assert done.headers["location"].startswith("/login")


async def test_every_account_with_the_same_email_gets_its_own_mail(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    other = await person_with_mailbox(app, mail_server, ADDRESS)

    await ask_for_link(visitor, ADDRESS)

    await mail_server.mail_to(ADDRESS, number=2)
    texts = [text_of(mail) for mail in mail_server.to(ADDRESS)]
    assert sorted(any(user.username in each for each in texts) for user in (zoe, other)) == [
        True,
        True,
    ]


async def test_an_empty_field_has_an_error_message(visitor: Visitor) -> None:
    refused = await ask_for_link(visitor, "  ")

    assert refused.status_code == 400
    assert "Enter your username or email address." in shown_on(refused)
