"""`postern mail …`: a test mail, and the mails that are pending delivery."""

import json

import pytest

from tests.cli.conftest import Postern
from tests.conftest import AppFactory
from tests.support.administration import id_of
from tests.support.application import Application
from tests.support.parts import services_of
from tests.support.people import person_with
from tests.support.smtp import deliver, running_mail_server, text_of

ADDRESS = "zoe@example.com"
CLOSED = {"smtp_host": "127.0.0.1", "smtp_port": 1, "mail_from": "server@example.com"}


def variables(settings: dict[str, object], app: Application) -> dict[str, str]:
    return {
        "DATABASE_URL": app.settings.database_url,
        **{name.upper(): str(value) for name, value in settings.items()},
    }


async def test_a_test_mail_is_sent_at_once(app: Application, postern: Postern) -> None:
    async with running_mail_server() as server:
        result = await postern("mail", "test", ADDRESS, **variables(server.settings, app))
        mail = await server.mail_to(ADDRESS)

    assert result.code == 0, result.errors
    assert "This is a test email" in text_of(mail)


@pytest.mark.parametrize(
    ("settings", "address", "message"),
    [
        (CLOSED, ADDRESS, "Nothing listens on SMTP_PORT of SMTP_HOST."),
        (CLOSED, "not an address", "must be an e-mail address"),
        ({}, ADDRESS, "Email isn't set up on this server."),
    ],
)
async def test_a_test_mail_that_fails_says_why(
    app: Application, postern: Postern, settings: dict[str, object], address: str, message: str
) -> None:
    result = await postern("mail", "test", address, **variables(settings, app))

    assert (result.code, result.output) == (1, "")
    assert message in result.errors
    assert result.errors.count("\n") == 1


async def test_the_queue_shows_recipient_attempts_and_error_and_neither_text_nor_link(
    start_app: AppFactory, postern: Postern
) -> None:
    app = await start_app(**CLOSED)
    user = await person_with(app, email=ADDRESS)
    await deliver(app)

    result = await postern("mail", "list", "--json", **variables(CLOSED, app))

    (mail,) = json.loads(result.output)
    assert (mail["kind"], mail["recipient"]) == ("verify_email", ADDRESS)
    assert mail["attempts"] >= 1
    assert mail["last_error"] == "ConnectionRefusedError"
    assert set(mail) == {
        "mail_id",
        "kind",
        "recipient",
        "attempts",
        "last_error",
        "next_attempt_at",
        "created_at",
    }
    assert "postern_ol_" not in result.output
    assert await id_of(app, user) not in result.output


async def test_a_mail_that_cannot_be_opened_is_listed_without_its_recipient(
    start_app: AppFactory, postern: Postern
) -> None:
    app = await start_app(**CLOSED)
    await person_with(app, email=ADDRESS)
    queue = services_of(app).core.mail_queue
    (mail,) = await queue.list_page()
    await services_of(app).core.database.change(_resealed(mail.mail_id))

    (unreadable,) = await queue.list_page()

    assert (unreadable.kind, unreadable.recipient) == (None, None)


def _resealed(mail_id: str) -> object:
    from sqlalchemy import update

    from app.models.operations.mails import mails

    return update(mails).where(mails.c.mail_id == mail_id).values(sealed=b"other")
