"""`postern users invite …`, and what else an operator does about addresses and locks."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api.mailing import NEW_PASSWORD, claims_of, open_link, person_with_mailbox
from tests.cli.conftest import Postern, Result
from tests.conftest import AppFactory
from tests.security.factors import secret_on
from tests.security.test_login_limits import guess_until_refused
from tests.support.account import signed_in
from tests.support.administration import new_group, new_role
from tests.support.application import Application, TestClient, TestUser
from tests.support.callers import calling_from
from tests.support.people import person_with
from tests.support.smtp import MailServer, deliver, link_in, running_mail_server
from tests.support.visitor import Visitor, text_of, visiting

ADDRESS = "grace@example.com"


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def mailing(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**mail_server.settings)


@pytest_asyncio.fixture
async def browser(mailing: Application) -> AsyncIterator[Visitor]:
    async with visiting(mailing) as made:
        yield made


@pytest.fixture
def on_mailing(mailing: Application, mail_server: MailServer, postern: Postern) -> Postern:
    """`postern users …` on the application with a mail server, whose mails are then delivered."""
    variables = {name.upper(): str(value) for name, value in mail_server.settings.items()}

    async def run(*arguments: str) -> Result:
        result = await postern(
            "users", *arguments, DATABASE_URL=mailing.settings.database_url, **variables
        )
        await deliver(mailing, after=3600)  # the clock of the command is ahead
        return result

    return run


def row(result: Result) -> dict[str, Any]:
    assert result.code == 0, result.errors
    content: dict[str, Any] = json.loads(result.output)
    return content


async def test_an_operator_invites_a_user_with_groups_and_roles(
    mailing: Application, mail_server: MailServer, on_mailing: Postern, browser: Visitor
) -> None:
    group, role = await new_group(mailing), await new_role(mailing)
    options = ("--username", "grace", "--group", group.name, "--role", role.name, "--name", "Grace")

    invited = row(await on_mailing("invite", ADDRESS, *options, "--json"))
    page = await open_link(browser, link_in(await mail_server.mail_to(ADDRESS)))
    enrolment = await browser.submit(page, to="/invitation", password=NEW_PASSWORD)
    enrolment = await browser.follow(enrolment)
    grace = TestUser("grace", NEW_PASSWORD, secret_on(enrolment))
    account = await browser.enroll(enrolment, mailing.code(grace))

    shown = row(await on_mailing("show", "grace", "--json"))
    assert (invited["mailed"], "link" in invited) == (True, False)
    assert account.url.path == "/account"
    assert (shown["groups"], shown["roles"]) == ([group.name], [role.name])
    assert shown["claims"]["email_verified"] is True
    assert shown["invited_until"] is None


async def test_an_invitation_is_sent_again_and_revoked(
    mailing: Application, mail_server: MailServer, on_mailing: Postern, browser: Visitor
) -> None:
    await on_mailing("invite", ADDRESS)
    first = link_in(await mail_server.mail_to(ADDRESS))

    assert row(await on_mailing("resend-invitation", ADDRESS, "--json"))["mailed"] is True
    second = link_in(await mail_server.mail_to(ADDRESS, number=2))
    statuses = [(await open_link(browser, link)).status_code for link in (first, second)]
    assert row(await on_mailing("revoke-invitation", ADDRESS, "--json"))["revoked"] is True

    assert statuses == [410, 200]
    assert (await open_link(browser, second)).status_code == 410
    assert row(await on_mailing("revoke-invitation", ADDRESS, "--json"))["revoked"] is False


async def test_without_a_mail_server_the_operator_prints_the_link(
    app: Application, postern: Postern, visitor: Visitor
) -> None:
    url, name = app.settings.database_url, app.new_name()

    refused = await postern("users", "invite", "a@example.com", DATABASE_URL=url)
    printed = row(
        await postern(
            "users",
            *("invite", "a@example.com", "--username", name, "--role", "administrator"),
            *("--link", "--json"),
            DATABASE_URL=url,
        )
    )
    page = await open_link(visitor, printed["link"].removeprefix(app.settings.issuer_url))

    assert (refused.code, refused.output) == (1, "")
    assert "Email isn't set up" in refused.errors
    assert "Set up your account" in text_of(page)


async def test_an_unknown_group_and_an_invalid_address_are_refused(
    app: Application, postern: Postern
) -> None:
    for arguments, message in (
        (("a@example.com", "--group", "nobody"), "There is no group with that name."),
        (("not-an-address", "--link"), "email"),
    ):
        result = await postern(
            "users", "invite", *arguments, DATABASE_URL=app.settings.database_url
        )
        assert result.code == 1
        assert message in result.errors


async def test_an_address_is_marked_as_verified_or_its_user_is_mailed(
    mailing: Application, mail_server: MailServer, on_mailing: Postern, browser: Visitor
) -> None:
    first = await person_with(mailing, email="first@example.com")
    second = await person_with(mailing, email="second@example.com")
    await mail_server.mail_to("second@example.com")

    marked = row(await on_mailing("mark-email-verified", first.username, "--json"))
    sent = row(await on_mailing("send-verification-email", second.username, "--json"))
    mail = await mail_server.mail_to("second@example.com", number=2)
    await browser.submit(await open_link(browser, link_in(mail)), to="/verify-email")
    again = await on_mailing("mark-email-verified", first.username)

    assert marked["claims"]["email_verified"] is True
    assert sent["mailed_to"] == "second@example.com"
    assert (await claims_of(mailing, second))["email_verified"] is True
    assert (again.code, "verified already" in again.errors) == (1, True)


async def test_a_link_for_a_new_password_is_mailed(
    mailing: Application, mail_server: MailServer, on_mailing: Postern, browser: Visitor
) -> None:
    zoe = await person_with_mailbox(mailing, mail_server, ADDRESS)

    result = await on_mailing("reset-password", zoe.username, "--mail")
    mail = await mail_server.mail_to(ADDRESS)

    assert result.output == "The link is queued for delivery.\n"
    assert "An administrator sent you this link" in mail.as_string()
    assert (await open_link(browser, link_in(mail))).status_code == 200
    both = await on_mailing("reset-password", zoe.username, "--mail", "--link")
    assert both.code == 1


async def test_a_delayed_user_is_unlocked(
    app: Application, client: TestClient, user: TestUser, postern: Postern
) -> None:
    url = app.settings.database_url
    async with calling_from(app, app.new_address()) as caller:
        await guess_until_refused(caller, client, user.username)
        delayed = await caller.password_grant(client, user)
        unlocked = await postern("users", "unlock", user.username, DATABASE_URL=url)
        answer = await caller.password_grant(client, user)

    assert delayed.status_code == 429
    assert unlocked.code == 0, unlocked.errors
    assert answer.status_code == 200


async def test_factors_are_reset(app: Application, user: TestUser, postern: Postern) -> None:
    url = app.settings.database_url

    result = await postern("users", "reset-factors", user.username, DATABASE_URL=url)

    shown = row(await postern("users", "show", user.username, "--json", DATABASE_URL=url))
    assert result.code == 0
    assert shown["otp_confirmed"] is False


async def test_sessions_are_listed_and_ended(
    app: Application, user: TestUser, visitor: Visitor, postern: Postern
) -> None:
    url = app.settings.database_url
    await signed_in(visitor, user)

    listed = await postern("sessions", "list", user.username, "--json", DATABASE_URL=url)
    (session,) = json.loads(listed.output)
    ended = await postern("sessions", "end", session["session_id"], DATABASE_URL=url)
    again = await postern("sessions", "end", session["session_id"], DATABASE_URL=url)

    assert session["methods"] == ["pwd", "otp", "mfa"]
    assert (ended.code, again.code) == (0, 1)
    assert "There is no session with that ID" in again.errors
    assert (await visitor.get("/account")).is_redirect
