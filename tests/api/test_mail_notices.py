"""Notices: the owner of an account is told what happens to it, and nobody else."""

import re
from collections.abc import AsyncIterator
from html import unescape

import pytest
import pytest_asyncio

from app.i18n.languages import LANGUAGES
from app.i18n.rendering import render_mail
from app.schemas.claims import StandardClaims
from app.services.accounts.events import AccountEvent
from tests.api.mailing import person_with_mailbox
from tests.conftest import AppFactory
from tests.support.administration import set_claims_of
from tests.support.application import Application
from tests.support.parts import count, services_of
from tests.support.people import person_with
from tests.support.smtp import MailServer, deliver, html_of, running_mail_server, subject_of

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

ADDRESS = "zoe@example.com"
MAILS = {event.mail for event in AccountEvent if event.mail}
NOTICES = MAILS - {
    "verify_email",
    "reset_password",
    "password_link",
    "invitation",
    "mail_code",
    "sign_in_delayed",
}
VALUES = {
    "brand": "Postern",
    "brand_color": "#ffcc00",
    "brand_text_color": "#000000",
    "issuer": "https://login.example.com",
    "username": "<zoe>",
    "at": "2026-11-25 09:41 UTC",
    "address": "203.0.113.7",
    "link": "https://login.example.com/verify-email?token=postern_ol_x",
    "email": ADDRESS,
    "name": "<b>Phone</b>",
    "label": "Example & Co",
    "left": "7",
    "code": "123456",
    "device": "Chrome, Linux",
}


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def app(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**mail_server.settings)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(MAILS))
def test_every_mail_has_a_subject_a_text_and_an_html_body(name: str, language: str) -> None:
    subject, text, html = render_mail(name, language, VALUES)

    assert 5 < len(subject) < 70
    assert "<zoe>" in text or ADDRESS in text
    assert "&lt;zoe&gt;" in html or ADDRESS in html
    assert "<zoe>" not in html
    assert f'lang="{language}"' in html
    assert "<img" not in html
    assert "\n\n\n" not in text
    assert not re.search(r"{[{%]|%\(", text + html)
    assert html.count('class="button"') == html.count("background: #ffcc00; color: #000000;") <= 1


@pytest.mark.parametrize("name", sorted(NOTICES))
def test_a_notice_includes_the_time_the_ip_and_what_to_do(name: str) -> None:
    subject, text, html = render_mail(name, "en", VALUES)

    for body in (text, unescape(html)):
        assert VALUES["at"] in body
        assert VALUES["address"] in body
        assert "If it wasn't you" in body or "ask your administrator" in body
    assert "!" not in subject + text


@pytest.mark.parametrize("name", sorted(MAILS))
def test_the_mails_are_translated(name: str) -> None:
    assert render_mail(name, "de", VALUES).subject != render_mail(name, "en", VALUES).subject


def test_missing_values_are_left_out_of_the_mail() -> None:
    text = render_mail("new_sign_in", "en", {"username": "zoe", "at": "now"}).text

    assert "Device:" not in text
    assert "IP address:" not in text


async def test_notices_are_sent_to_verified_emails_only(
    app: Application, mail_server: MailServer
) -> None:
    zoe = await person_with_mailbox(app, mail_server, ADDRESS)
    other = await person_with(app, email="not-verified@example.com")
    await mail_server.mail_to("not-verified@example.com")
    services = services_of(app)

    for each in (other, zoe):
        await services.core.notices.send(
            await services.accounts.users.get(each.username), AccountEvent.PASSWORD_CHANGED
        )

    mail = await mail_server.mail_to(ADDRESS)
    assert subject_of(mail) == "Your password was changed"
    assert len(mail_server.to("not-verified@example.com")) == 1


async def test_a_notice_is_sent_in_the_language_of_the_user(
    app: Application, mail_server: MailServer
) -> None:
    zoe = await person_with_mailbox(app, mail_server, ADDRESS)
    services = services_of(app)
    german = await set_claims_of(
        services,
        zoe.username,
        StandardClaims(locale="de-AT", email=ADDRESS),
        vouched_for=["email_verified"],
    )

    await services.core.notices.send(german, AccountEvent.PASSKEY_ADDED, name="<b>Handy</b>")

    mail = await mail_server.mail_to(ADDRESS)
    assert subject_of(mail) == "Ein Passkey wurde hinzugefügt"
    assert "&lt;b&gt;Handy&lt;/b&gt;" in html_of(mail)


async def test_an_event_without_mail_sends_none(app: Application, mail_server: MailServer) -> None:
    zoe = await person_with_mailbox(app, mail_server, ADDRESS)
    services = services_of(app)

    await services.core.notices.send(
        await services.accounts.users.get(zoe.username), AccountEvent.USER_ENABLED
    )

    assert await deliver(app) == 0


async def test_without_a_mail_server_no_notice_is_queued(start_app: AppFactory) -> None:
    app = await start_app()
    zoe = await person_with(app, email=ADDRESS)
    services = services_of(app)

    await services.core.notices.send(
        await services.accounts.users.get(zoe.username), AccountEvent.PASSWORD_CHANGED
    )

    assert await count(services.core.database, "mails") == 0


def test_a_notice_of_an_operator_action_names_an_administrator_and_no_ip() -> None:
    text = render_mail("otp_reset", "en", {**VALUES, "by_operator": "yes"}).text

    assert "By an administrator" in text
    assert "203.0.113.7" not in text
