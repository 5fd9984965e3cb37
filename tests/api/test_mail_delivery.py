"""The way of a mail: sealed in the database, delivered from there, once, and after a while too."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from app.outbound.email import Email, EmailError, EmailSender
from app.security.sealed_settings import seal_setting
from app.services.operations.mail import DELAYS
from app.wiring import settings_box
from tests.api.mailing import ask_for_link, person_with_mailbox
from tests.conftest import AppFactory
from tests.support.application import Application, TestUser, running_application
from tests.support.loggers import loggers_as_before
from tests.support.parts import count, services_of, settings_for
from tests.support.peer import Authority
from tests.support.people import person_with
from tests.support.smtp import (
    HOST,
    PASSWORD,
    USERNAME,
    MailServer,
    deliver,
    html_of,
    running_mail_server,
    text_of,
)
from tests.support.visitor import Visitor, visiting
from tests.support.waiting import eventually

pytestmark = pytest.mark.both_databases

ADDRESS = "zoe@example.com"
OTHER = "other@example.com"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


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


async def waiting(app: Application) -> int:
    return await count(services_of(app).core.database, "mails")


async def failed_once(app: Application) -> bool:
    """Whether every mail was tried, and no try is under way."""
    services = services_of(app)
    row = await services.core.database.fetch_one(text("SELECT min(attempts) FROM mails"))
    assert row is not None
    assert services.core.mail_delivery is not None
    return row[0] == 1 and not services.core.mail_delivery._sending


async def nothing_waits(app: Application) -> bool:
    return await waiting(app) == 0


def mail(**different: Any) -> Email:
    from datetime import UTC, datetime

    return Email(
        **{
            "mail_id": "0123456789abcdef",
            "recipient": ADDRESS,
            "subject": "Grüße",
            "text": "Hallo",
            "html": "<p>Hallo</p>",
            "language": "de",
            "made_at": datetime.now(UTC),
            **different,
        }
    )


def sender(mail_server: MailServer, **different: Any) -> EmailSender:
    return EmailSender(
        **{
            "host": HOST,
            "port": mail_server.port,
            "security": "none",
            "username": None,
            "password": None,
            "mail_from": "Postern <login@postern.test>",
            **different,
        }
    )


async def test_a_mail_is_retried_later_when_the_mail_server_is_down(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    await mail_server.stop()

    answer = await ask_for_link(visitor, zoe.username)
    await eventually(lambda: failed_once(app))
    at_once = await deliver(app)
    await mail_server.start()
    too_early = await deliver(app, after=DELAYS[0].total_seconds() - 1)
    then = await deliver(app, after=1)

    assert answer.status_code == 200
    assert (at_once, too_early, then) == (0, 0, 1)
    assert len(mail_server.to(ADDRESS)) == 1
    assert await nothing_waits(app)


async def test_a_mail_is_abandoned_after_a_day_and_the_log_contains_no_email(
    app: Application, mail_server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    mail_server.answer = "451 4.3.0 Later"
    await person_with(app, email=ADDRESS)
    await eventually(lambda: mail_server.refused == 1)

    tries = 0
    with caplog.at_level(logging.WARNING):
        for delay in DELAYS:
            assert await waiting(app) == 1
            await deliver(app, after=delay.total_seconds())
            tries += 1

    said = [each.getMessage() for each in caplog.records if each.name.startswith("postern")]
    assert sum(DELAYS, timedelta()) < timedelta(hours=24)
    assert await nothing_waits(app)
    assert "giving up on mail" in said[-1]
    assert not any(ADDRESS in each for each in said)
    assert tries == len(DELAYS)


async def test_a_mail_to_an_unknown_mailbox_is_not_retried(
    app: Application, mail_server: MailServer
) -> None:
    class Refusing:
        async def handle_RCPT(self, *_: Any) -> str:  # noqa: N802 - aiosmtpd's name
            return "550 5.1.1 No such mailbox"

    mail_server.handle_RCPT = Refusing().handle_RCPT  # type: ignore[attr-defined]
    await mail_server.stop()
    await mail_server.start()
    await person_with(app, email=ADDRESS)

    await eventually(lambda: nothing_waits(app))

    assert mail_server.mails == []


async def test_a_mail_with_an_expired_link_is_not_sent(
    app: Application, mail_server: MailServer, visitor: Visitor, zoe: TestUser
) -> None:
    mail_server.answer = "451 4.3.0 Later"
    await ask_for_link(visitor, zoe.username)
    await eventually(lambda: mail_server.refused == 1)
    mail_server.answer = "250 OK"

    assert await deliver(app, after=3600) == 0

    assert await nothing_waits(app)
    assert mail_server.to(ADDRESS) == []


@pytest.mark.slow
async def test_two_servers_send_each_mail_only_once(
    start_app: AppFactory, app: Application, mail_server: MailServer, zoe: TestUser
) -> None:
    """SECURITY_BAR fault 9"""
    other = await start_app(database_url=app.settings.database_url, **mail_server.settings)
    mail_server.answer = "451 4.3.0 Later"
    async with visiting(app) as visitor:
        for _ in range(2):
            await ask_for_link(visitor, ADDRESS)
    await eventually(lambda: mail_server.refused == 2)
    for each in (app, other):
        await deliver(each)  # waits until the refusals are stored
    mail_server.answer = "250 OK"
    for each in (app, other):
        each.clock.advance(seconds=DELAYS[0].total_seconds() + 10)

    sent = await asyncio.gather(deliver(app), deliver(other), deliver(app), deliver(other))

    assert sum(sent) <= 2  # the servers' own loops may have sent some already
    assert len(mail_server.to(ADDRESS)) == 2


async def test_a_queued_mail_survives_a_restart(
    start_app: AppFactory, app: Application, mail_server: MailServer
) -> None:
    url = app.settings.database_url
    await mail_server.stop()
    async with running_application(url, **mail_server.settings) as first:
        await person_with(first, email=ADDRESS)
    await mail_server.start()

    second = await start_app(database_url=url, **mail_server.settings)
    await deliver(second, after=DELAYS[0].total_seconds() + 10)

    assert len(mail_server.to(ADDRESS)) == 1


@pytest.mark.slow
async def test_a_mail_interrupted_by_a_shutdown_is_sent_by_another_server(
    app: Application, mail_server: MailServer
) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def never(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        entered.set()
        await go_on.wait()
        writer.close()

    url = app.settings.database_url
    async with await asyncio.start_server(never, HOST, 0) as hanging:
        port = hanging.sockets[0].getsockname()[1]
        async with running_application(
            url, **{**mail_server.settings, "smtp_port": port}
        ) as stopping:
            await person_with(stopping, email=ADDRESS)
            await entered.wait()
        go_on.set()
    assert await waiting(app) == 1

    await deliver(app, after=DELAYS[0].total_seconds() + 10)  # each has a clock of its own

    assert len(mail_server.to(ADDRESS)) == 1


async def test_a_mail_encrypted_with_the_previous_key_can_still_be_sent(
    start_app: AppFactory, app: Application, mail_server: MailServer, zoe: TestUser
) -> None:
    await mail_server.stop()
    async with visiting(app) as visitor:
        await ask_for_link(visitor, zoe.username)
    await eventually(lambda: failed_once(app))
    await mail_server.start()

    renewed = await start_app(
        database_url=app.settings.database_url,
        secret_key="another-key-of-the-tests-8Wm2Xq5Zr9Lk",
        secret_key_previous=(app.settings.secret_key,),
        **mail_server.settings,
    )
    await deliver(renewed, after=DELAYS[0].total_seconds() + 10)

    assert len(mail_server.to(ADDRESS)) == 1


async def test_mail_is_sent_over_starttls_with_a_username_and_password(
    start_app: AppFactory, authority: Authority
) -> None:
    async with running_mail_server(authority.server_context()) as server:
        app = await start_app(
            **{
                **server.settings,
                "smtp_host": "localhost",
                "smtp_security": "starttls",
                "smtp_username": USERNAME,
                "smtp_password": PASSWORD,
                "outbound_ca_file": authority.ca_file,
            }
        )
        await person_with(app, email=ADDRESS)

        await server.mail_to(ADDRESS)

    assert server.was_encrypted == [True]
    assert server.authenticated_as == [USERNAME]


async def test_an_encrypted_smtp_password_is_decrypted(
    start_app: AppFactory, authority: Authority
) -> None:
    sealed = seal_setting(settings_box(settings_for("sqlite:///x.db")), PASSWORD)
    async with running_mail_server(authority.server_context()) as server:
        app = await start_app(
            **{
                **server.settings,
                "smtp_host": "localhost",
                "smtp_security": "starttls",
                "smtp_username": USERNAME,
                "smtp_password": sealed,
                "outbound_ca_file": authority.ca_file,
            }
        )
        await person_with(app, email=ADDRESS)

        await server.mail_to(ADDRESS)

    assert PASSWORD not in sealed
    assert server.authenticated_as == [USERNAME]


async def test_mail_is_sent_over_implicit_tls(authority: Authority) -> None:
    async with running_mail_server() as server:
        await server.stop()
        server.port = 0
        await server.start(ssl_context=authority.server_context())

        await sender(server, host="localhost", security="tls", ca_file=authority.ca_file).send(
            mail()
        )

        assert len(server.to(ADDRESS)) == 1


async def test_a_mail_server_with_an_untrusted_certificate_gets_no_mail_or_credentials(
    authority: Authority,
) -> None:
    async with running_mail_server(authority.server_context()) as server:
        with pytest.raises(EmailError) as refused:
            await sender(
                server,
                host="localhost",
                security="starttls",
                username=USERNAME,
                password=PASSWORD,
            ).send(mail())

        assert not refused.value.is_final
        assert (server.mails, server.authenticated_as) == ([], [])


async def test_a_mail_server_without_starttls_gets_no_mail_where_it_is_required(
    mail_server: MailServer,
) -> None:
    """Nobody in between takes STARTTLS away"""
    with pytest.raises(EmailError):
        await sender(mail_server, security="starttls").send(mail())

    assert mail_server.mails == []


async def test_the_error_for_a_wrong_smtp_password_does_not_contain_it(
    authority: Authority,
) -> None:
    async with running_mail_server(authority.server_context()) as server:
        with pytest.raises(EmailError) as refused:
            await sender(
                server,
                host="localhost",
                security="starttls",
                username=USERNAME,
                password="not-that-one",
                ca_file=authority.ca_file,
            ).send(mail())

    assert "not-that-one" not in str(refused.value)
    assert str(refused.value) == "SMTPAuthenticationError 535"


@pytest.mark.parametrize(
    "different",
    [
        {"recipient": "zoe@example.com\r\nBcc: other@example.com"},
        {"recipient": "zoe@example.com>, <other@example.com"},
        {"recipient": "zoe@example.com, other@example.com"},
        {"recipient": "zoe"},
        {"recipient": "@example.com"},
        {"subject": "Hello\r\nBcc: other@example.com"},
        {"language": "en\r\nBcc: other@example.com"},
    ],
)
async def test_a_value_cannot_inject_a_mail_header(
    mail_server: MailServer, different: dict[str, str]
) -> None:
    with pytest.raises(EmailError) as refused:
        await sender(mail_server).send(mail(**different))

    assert refused.value.is_final
    assert mail_server.recipients == []


@pytest.mark.parametrize(
    ("host", "in_dns"),
    [("münchen.example", "xn--mnchen-3ya.example"), ("fußball.example", "xn--fuball-cta.example")],
)
async def test_an_internationalised_email_domain_is_encoded_for_dns(
    mail_server: MailServer, host: str, in_dns: str
) -> None:
    await sender(mail_server).send(mail(recipient=f"zoe@{host}"))

    assert mail_server.recipients == [f"zoe@{in_dns}"]
    assert mail_server.mails[0]["Subject"] == "Grüße"
    assert text_of(mail_server.mails[0]).strip() == "Hallo"
    assert html_of(mail_server.mails[0]).strip() == "<p>Hallo</p>"


async def test_a_server_without_smtp_host_logs_one_line(
    start_app: AppFactory, mail_server: MailServer, capfd: pytest.CaptureFixture[str]
) -> None:
    line = "SMTP_HOST is not set: email verification and password reset are disabled"
    with loggers_as_before():
        await start_app(log_level="INFO")
        without = capfd.readouterr().err
        await start_app(log_level="INFO", **mail_server.settings)
        having = capfd.readouterr().err

    assert without.count(line) == 1
    assert line not in having
