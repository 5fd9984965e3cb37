"""What an operator does for mail: seals its password, and hands out links where there is none."""

import json

import pytest

from app.security.sealed_settings import PREFIX, open_setting
from app.wiring import settings_box
from tests.api.mailing import (
    NEW_PASSWORD,
    audited,
    open_link,
    person_with_mailbox,
    set_password,
)
from tests.cli.conftest import Postern
from tests.conftest import AppFactory
from tests.support.application import Application, TestUser
from tests.support.parts import services_of, settings_for
from tests.support.smtp import deliver, running_mail_server, subject_of, text_of
from tests.support.visitor import Visitor
from tests.support.visitor import text_of as shown_on

SECRET = "the-password-of-the-mail-server"
OTHER_KEY = "another-key-of-the-tests-8Wm2Xq5Zr9Lk"


def here(app: Application, link: str) -> str:
    return link.strip().removeprefix(app.settings.issuer_url)


async def test_a_link_from_the_administrator_sets_a_password_without_mail(
    app: Application, user: TestUser, postern: Postern, visitor: Visitor
) -> None:
    made = await postern(
        "users", "reset-password", user.username, "--link", DATABASE_URL=app.settings.database_url
    )

    page = await open_link(visitor, here(app, made.output))
    done = await visitor.follow(await set_password(visitor, page))

    client = await app.create_client()
    new = TestUser(user.username, NEW_PASSWORD, user.otp_secret)
    assert made.code == 0
    assert made.output.startswith(f"{app.settings.issuer_url}/recover/new?token=postern_ol_")
    assert "Your new password is set." in shown_on(done)
    assert (await app.password_grant(client, user)).status_code == 400
    assert (await app.password_grant(client, new)).status_code == 200
    assert {"password.reset_link_made", "password.reset"} <= set(await audited(app, user))


async def test_a_link_from_the_administrator_works_for_a_day_and_only_once(
    app: Application, user: TestUser, postern: Postern, visitor: Visitor
) -> None:
    arguments = ("users", "reset-password", "--json", user.username, "--link")
    made = await postern(*arguments, DATABASE_URL=app.settings.database_url)
    link = here(app, json.loads(made.output)["link"])
    app.clock.advance(seconds=23 * 3600)

    page = await open_link(visitor, link)
    await set_password(visitor, page)
    again = await open_link(visitor, link)

    assert (page.status_code, again.status_code) == (200, 410)
    assert 'href="/login"' in again.text  # no mail is offered here
    assert "If your administrator gave you the link, ask for a new one." in shown_on(again)


async def test_an_unknown_user_gets_no_link(app: Application, postern: Postern) -> None:
    result = await postern(
        "users", "reset-password", "nobody", "--link", DATABASE_URL=app.settings.database_url
    )

    assert (result.code, result.output) == (1, "")


async def test_the_audit_log_does_not_contain_the_link(
    app: Application, user: TestUser, postern: Postern
) -> None:
    """SECURITY_BAR row 13"""
    made = await postern(
        "users", "reset-password", user.username, "--link", DATABASE_URL=app.settings.database_url
    )

    events = [each async for each in services_of(app).core.audit.read_all()]
    said = "".join(each.details for each in events)
    made_by = [each.actor for each in events if each.action == "password.reset_link_made"]
    assert made.output.strip().rpartition("=")[2] not in said
    assert all(each.startswith("operator:") for each in made_by)


async def test_a_secret_is_sealed_under_the_configured_key(postern: Postern) -> None:
    result = await postern("keys", "seal", typed=f"{SECRET}\n")

    sealed = result.output.strip()
    box = settings_box(settings_for("sqlite:///./never-opened.db"))
    assert result.code == 0
    assert sealed.startswith(PREFIX)
    assert SECRET not in sealed
    assert open_setting(box, sealed) == SECRET


async def test_an_empty_secret_is_refused(postern: Postern) -> None:
    result = await postern("keys", "seal", typed="\n")

    assert (result.code, result.output) == (1, "")
    assert "Nothing to seal" in result.errors


@pytest.mark.parametrize("kind", ["other key", "cut short", "no base64"])
async def test_a_sealed_password_that_cannot_be_opened_is_a_one_line_error(
    postern: Postern, kind: str
) -> None:
    await postern("migrate")
    sealed = (await postern("keys", "seal", typed=f"{SECRET}\n")).output.strip()
    broken = {"cut short": sealed[:-8], "no base64": f"{PREFIX}*"}.get(kind, sealed)
    mail = {
        "SMTP_HOST": "localhost",
        "MAIL_FROM": "login@postern.test",
        "SMTP_USERNAME": "postern",
        "SMTP_PASSWORD": broken,
    }
    key = {"SECRET_KEY": OTHER_KEY} if kind == "other key" else {}

    result = await postern("users", "list", **mail, **key)

    assert result.code == 2
    assert result.errors.count("\n") == 1
    assert result.errors.startswith("postern: SMTP_PASSWORD cannot be opened with SECRET_KEY")
    assert broken not in result.errors


async def test_the_server_mails_the_owner_about_an_action_of_the_operator(
    start_app: AppFactory, postern: Postern
) -> None:
    """The command puts the mail into the database and waits for no mail server"""
    async with running_mail_server() as mail_server:
        app = await start_app(**mail_server.settings)
        zoe = await person_with_mailbox(app, mail_server, "zoe@example.com")
        settings = {name.upper(): str(value) for name, value in mail_server.settings.items()}

        result = await postern(
            "users", "disable", zoe.username, DATABASE_URL=app.settings.database_url, **settings
        )
        await deliver(app, after=3600)  # a command has the clock of the machine

        mail = await mail_server.mail_to("zoe@example.com")
    assert result.code == 0
    assert subject_of(mail) == "Your account was disabled"
    assert "By an administrator" in text_of(mail)
