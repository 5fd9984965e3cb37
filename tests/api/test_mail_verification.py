"""Addresses: whose they are is proved by the link in a mail, and by nothing else."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.api.mailing import audited, claims_of, open_link, person_with_mailbox
from tests.conftest import AppFactory
from tests.support.application import PASSWORD, Application, TestUser
from tests.support.callers import calling_from
from tests.support.people import ALL_SCOPES, access_token, person_with, told
from tests.support.smtp import (
    MailServer,
    html_of,
    link_in,
    running_mail_server,
    subject_of,
    text_of,
)
from tests.support.visitor import Form, Visitor, visiting
from tests.support.visitor import text_of as shown_on

ADDRESS = "zoe@example.com"
OTHER = "new@example.com"


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def app(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**mail_server.settings)


async def at_the_address_page(visitor: Visitor, user: TestUser) -> httpx.Response:
    return await visitor.sign_in(await visitor.get("/login", next="email"), user)


async def test_the_emailed_link_verifies_the_email_of_a_new_user(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    zoe = await person_with(app, email=ADDRESS)
    mail = await mail_server.mail_to(ADDRESS)

    page = await open_link(visitor, link_in(mail))
    done = await visitor.submit(page, to="/verify-email")

    client = await app.create_client(scope=ALL_SCOPES)
    claims = await told(app, await access_token(app, client, zoe, ALL_SCOPES))
    assert f"Confirm {ADDRESS}" in shown_on(page)
    assert "Your email address is confirmed" in shown_on(done)
    assert (claims["email"], claims["email_verified"]) == (ADDRESS, True)
    assert "email.verified" in await audited(app, zoe)


async def test_the_mail_uses_the_language_of_the_registration_page(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    visitor.http.headers["accept-language"] = "de-AT,de;q=0.9,en;q=0.5"
    page = await visitor.get("/create-account")
    await visitor.submit(
        page,
        to="/create-account",
        username=app.new_name(),
        password=PASSWORD,
        email=ADDRESS,
    )

    mail = await mail_server.mail_to(ADDRESS)

    assert subject_of(mail) == "E-Mail-Adresse bestätigen"
    assert mail["Content-Language"] == "de"
    assert 'lang="de"' in html_of(mail)


async def test_a_user_who_signs_up_is_told_to_confirm_the_address(
    app: Application, visitor: Visitor
) -> None:
    page = await visitor.get("/create-account")
    form = {"username": app.new_name(), "password": PASSWORD}

    with_address = await visitor.submit(page, to="/create-account", email=ADDRESS, **form)
    next_page = await visitor.follow(with_address)

    assert f"We sent an email to {ADDRESS}. Open the link in it" in shown_on(next_page)


async def test_a_user_who_signs_up_without_an_address_is_not_told_to_confirm_one(
    app: Application, visitor: Visitor
) -> None:
    page = await visitor.get("/create-account")
    form = {"username": app.new_name(), "password": PASSWORD}

    next_page = await visitor.follow(await visitor.submit(page, to="/create-account", **form))

    assert "We sent an email" not in shown_on(next_page)


async def test_the_account_page_reminds_the_user_until_the_address_is_confirmed(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    zoe = await person_with(app, email=ADDRESS)
    before = await visitor.sign_in(await visitor.get("/login"), zoe)
    link = link_in(await mail_server.mail_to(ADDRESS))
    await visitor.submit(await open_link(visitor, link), to="/verify-email")
    after = await visitor.get("/account")

    reminder = f"Your email address {ADDRESS} isn't confirmed yet."
    assert reminder in shown_on(before)
    assert 'href="/account/email"' in before.text
    assert reminder not in shown_on(after)


async def test_a_server_without_mail_reminds_nobody(start_app: AppFactory) -> None:
    app = await start_app()
    zoe = await person_with(app, email=ADDRESS)
    async with visiting(app) as visitor:
        page = await visitor.sign_in(await visitor.get("/login"), zoe)

    assert "Where you're signed in" in shown_on(page)
    assert "isn't confirmed yet" not in shown_on(page)


async def test_a_registration_without_an_email_sends_no_mail(
    app: Application, mail_server: MailServer
) -> None:
    await person_with(app)
    await person_with(app, email=ADDRESS)

    await mail_server.mail_to(ADDRESS)

    assert len(mail_server.mails) == 1


async def test_opening_the_link_does_not_verify_the_email(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    """Programs that look into mails for viruses open every link"""
    zoe = await person_with(app, email=ADDRESS)
    link = link_in(await mail_server.mail_to(ADDRESS))

    for _ in range(3):
        await open_link(visitor, link)

    assert (await claims_of(app, zoe))["email_verified"] is False


async def test_opening_the_link_removes_its_secret_from_the_url(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    await person_with(app, email=ADDRESS)
    link = link_in(await mail_server.mail_to(ADDRESS))

    opened = await visitor.http.get(link)
    page = await visitor.follow(opened)

    assert opened.status_code == 303
    assert opened.headers["location"] == "/verify-email"
    assert opened.headers["referrer-policy"] == "no-referrer"
    assert "postern_ol_" not in page.text
    assert "postern_ol_" not in str(opened.headers)


async def test_the_link_works_once(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    await person_with(app, email=ADDRESS)
    link = link_in(await mail_server.mail_to(ADDRESS))
    await visitor.submit(await open_link(visitor, link), to="/verify-email")

    again = await open_link(visitor, link)

    assert again.status_code == 410
    assert "This link no longer works" in shown_on(again)
    assert "/account/email" in again.text


async def test_the_link_works_for_a_day(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    await person_with(app, email=ADDRESS)
    link = link_in(await mail_server.mail_to(ADDRESS))

    app.clock.advance(seconds=24 * 3600 - 1)
    before = await open_link(visitor, link)
    app.clock.advance(seconds=1)
    after = await open_link(visitor, link)

    assert (before.status_code, after.status_code) == (200, 410)


async def test_a_new_email_takes_effect_only_after_verification(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    zoe = await person_with_mailbox(app, mail_server, ADDRESS)
    page = await at_the_address_page(visitor, zoe)

    asked = await visitor.follow(await visitor.submit(page, to="/account/email", email=OTHER))
    mail = await mail_server.mail_to(OTHER)
    meanwhile = await claims_of(app, zoe)
    await visitor.submit(await open_link(visitor, link_in(mail)), to="/verify-email")

    assert OTHER in shown_on(asked)
    assert ADDRESS in shown_on(asked)
    assert (meanwhile["email"], meanwhile["email_verified"]) == (ADDRESS, True)
    after = await claims_of(app, zoe)
    assert (after["email"], after["email_verified"]) == (OTHER, True)
    assert {"email.verified", "email.change_requested"} <= set(await audited(app, zoe))


async def test_the_old_email_is_notified_of_the_change(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    zoe = await person_with_mailbox(app, mail_server, ADDRESS)
    await visitor.submit(await at_the_address_page(visitor, zoe), to="/account/email", email=OTHER)
    link = link_in(await mail_server.mail_to(OTHER))
    await visitor.submit(await open_link(visitor, link), to="/verify-email")

    mail = await mail_server.mail_to(ADDRESS)

    assert subject_of(mail) == "Your email address was changed"
    assert zoe.username in text_of(mail)
    assert OTHER not in text_of(mail)


async def test_a_newer_link_invalidates_the_older_one(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    zoe = await person_with_mailbox(app, mail_server, ADDRESS)
    page = await at_the_address_page(visitor, zoe)
    page = await visitor.follow(await visitor.submit(page, to="/account/email", email=OTHER))
    older = link_in(await mail_server.mail_to(OTHER))
    await visitor.submit(page, to="/account/email/resend")
    newer = link_in(await mail_server.mail_to(OTHER, number=2))

    answers = [await open_link(visitor, older), await open_link(visitor, newer)]

    assert [each.status_code for each in answers] == [410, 200]


async def test_the_link_changes_only_its_own_account_regardless_of_the_session(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    zoe = await person_with(app, email=ADDRESS)
    link = link_in(await mail_server.mail_to(ADDRESS))
    other = await person_with(app)
    await visitor.sign_in(await visitor.get("/login"), other)

    page = await open_link(visitor, link)
    await visitor.submit(page, to="/verify-email")

    assert zoe.username in shown_on(page)
    assert (await claims_of(app, zoe))["email_verified"] is True
    assert "email" not in await claims_of(app, other)


async def test_an_invalid_email_has_a_field_error(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    zoe = await person_with_mailbox(app, mail_server, ADDRESS)
    page = await at_the_address_page(visitor, zoe)

    for wrong in ("zoe", "a b@example.com", "x@example.com,y@example.com", f"{'x' * 250}@b.c"):
        refused = await visitor.submit(page, to="/account/email", email=wrong)
        assert refused.status_code == 400
        assert "Enter an email address like name@example.com." in shown_on(refused)

    same = await visitor.submit(page, to="/account/email", email=ADDRESS)
    assert "This is already your email address." in shown_on(same)


async def test_the_page_requires_a_fresh_sign_in(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    zoe = await person_with_mailbox(app, mail_server, ADDRESS)
    page = await at_the_address_page(visitor, zoe)
    app.clock.advance(seconds=601)

    late = await visitor.submit(page, to="/account/email", email=OTHER)

    assert late.headers["location"].startswith("/login?")
    assert "next=email" in late.headers["location"]


async def test_a_fourth_mail_to_an_email_within_an_hour_is_rate_limited(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    """SECURITY_BAR row 50: nobody fills another's mailbox"""
    zoe = await person_with(app, email=ADDRESS)
    page = await at_the_address_page(visitor, zoe)

    answers = [
        await visitor.submit(page, to="/account/email", email=ADDRESS.upper()) for _ in range(3)
    ]

    assert [each.status_code for each in answers] == [303, 303, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert "Too many emails requested." in shown_on(answers[-1])


async def test_a_rate_limited_resend_fills_in_the_address_that_is_not_confirmed(
    app: Application, mail_server: MailServer, visitor: Visitor
) -> None:
    zoe = await person_with_mailbox(app, mail_server, ADDRESS)
    page = await at_the_address_page(visitor, zoe)
    page = await visitor.follow(await visitor.submit(page, to="/account/email", email=OTHER))

    answers = [await visitor.submit(page, to="/account/email/resend") for _ in range(2)]

    assert [each.status_code for each in answers] == [303, 429]
    (fields,) = [each for action, each in Form(answers[-1].text).forms if "email" in each]
    assert fields["email"] == OTHER


@pytest.mark.slow
async def test_registration_succeeds_while_mails_from_the_ip_are_rate_limited(
    app: Application, mail_server: MailServer
) -> None:
    async with calling_from(app, app.new_address()) as caller:
        for _ in range(22):
            await person_with(caller, email=ADDRESS)
    await person_with(app, email=OTHER)

    await mail_server.mail_to(OTHER)

    assert len(mail_server.to(ADDRESS)) == 20


async def test_email_features_are_not_offered_without_a_mail_server(
    start_app: AppFactory, mail_server: MailServer
) -> None:
    app = await start_app()
    zoe = await person_with(app, email=ADDRESS)
    async with visiting(app) as visitor:
        login = await visitor.get("/login")
        page = await at_the_address_page(visitor, zoe)
        recover = await visitor.get("/recover")

    assert (page.status_code, recover.status_code) == (404, 404)
    assert "/recover" not in login.text
    assert mail_server.mails == []
