"""A code by mail opens the account pages to a user who has nothing else here, and nothing more."""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS, happened, vouched_for
from tests.support.administration import disable_provider, reset_password
from tests.support.application import PASSWORD, Application, TestClient, TestUser
from tests.support.identity_provider import Provider, account_made_by, fields_in
from tests.support.parts import services_of
from tests.support.smtp import MailServer, running_mail_server
from tests.support.smtp import text_of as smtp_text_of
from tests.support.visitor import Form, Visitor, answer_in, text_of

ADDRESS = "zoe@example.com"
PASSWORD_PAGE, CONFIRM, SEND = "/account/password", "/account/confirm", "/account/confirm/send"
CODE = re.compile(r"^(\d{6})\r?$", re.MULTILINE)
ADMINISTRATOR = "Ask an administrator to reset your sign-in"


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def app(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**mail_server.settings)


@pytest_asyncio.fixture
async def person(app: Application, visitor: Visitor, provider: Provider) -> TestUser:
    """Signed in at `visitor` by a provider alone, an hour ago, with a verified address."""
    user = await pending_account(app, visitor, provider)
    await with_address(app, user)
    app.clock.advance(seconds=3600)
    return user


async def pending_account(app: Application, visitor: Visitor, provider: Provider) -> TestUser:
    name = await account_made_by(visitor, provider, sub=app.new_name("sub"), email=ADDRESS)
    return TestUser(name, "", "")


async def with_address(app: Application, user: TestUser) -> None:
    services = services_of(app)
    await services.accounts.one_time_links.revoke_all(
        (await services.accounts.users.get(user.username)).user_id
    )
    await vouched_for(app, user, "email_verified")


async def code_sent(visitor: Visitor, mail_server: MailServer, place: str = "password") -> str:
    """The code of a new mail."""
    page = await visitor.get(CONFIRM, next=place)
    before = len(mail_server.to(ADDRESS))
    answer = await visitor.submit(page, to=SEND)
    assert answer.headers["location"] == f"{CONFIRM}?next={place}", answer.text
    mail = await mail_server.mail_to(ADDRESS, number=before + 1)
    found = CODE.search(smtp_text_of(mail))
    assert found is not None, smtp_text_of(mail)
    return found[1]


async def confirm(visitor: Visitor, code: str, place: str = "password") -> int:
    """The status of the answer to a code."""
    page = await visitor.get(CONFIRM, next=place)
    return (await visitor.submit(page, to=CONFIRM, code=code)).status_code


async def is_open(visitor: Visitor, place: str = "password") -> bool:
    return (await visitor.get(f"/account/{place}")).status_code == 200


async def events(app: Application, user: TestUser) -> list[str]:
    user_id = (await services_of(app).accounts.users.get(user.username)).user_id
    return [action for action, _ in await happened(app, user_id)]


@pytest.mark.slow
async def test_a_federated_user_can_set_a_password_with_an_emailed_code(
    app: Application, visitor: Visitor, mail_server: MailServer, person: TestUser
) -> None:
    page = await visitor.follow(await visitor.get(PASSWORD_PAGE))
    assert page.url.path == CONFIRM
    assert ADDRESS in text_of(page)

    code = await code_sent(visitor, mail_server)
    page = await visitor.get(CONFIRM, next="password")
    page = await visitor.follow(await visitor.submit(page, to=CONFIRM, code=code))
    answer = await visitor.submit(page, to=PASSWORD_PAGE, password=PASSWORD)

    assert answer.headers["location"] == f"{PASSWORD_PAGE}?saved=1"
    happened_here = await events(app, person)
    assert happened_here.index("mail_code.sent") < happened_here.index("mail_code.used")


async def test_the_user_is_notified_when_an_emailed_code_is_used(
    app: Application, visitor: Visitor, mail_server: MailServer, person: TestUser
) -> None:
    await confirm(visitor, await code_sent(visitor, mail_server))

    await mail_server.wait_for("A change was confirmed by email")


async def test_a_code_can_be_used_once(
    app: Application, visitor: Visitor, mail_server: MailServer, person: TestUser
) -> None:
    code = await code_sent(visitor, mail_server)
    sealed = visitor.http.cookies["postern_mail_code"]
    assert await confirm(visitor, code) == 303
    fields = fields_in(await visitor.get(PASSWORD_PAGE))
    visitor.http.cookies.set("postern_mail_code", sealed, domain="localhost.local")

    answer = await visitor.http.post(CONFIRM, data={**fields, "code": code, "next": "password"})

    assert answer.status_code == 400


async def test_a_code_unlocks_the_account_pages_for_ten_minutes(
    app: Application, visitor: Visitor, mail_server: MailServer, person: TestUser
) -> None:
    await confirm(visitor, await code_sent(visitor, mail_server))
    assert await is_open(visitor)

    app.clock.advance(seconds=FRESH_SECONDS + 1)

    assert not await is_open(visitor)


async def test_a_code_expires(
    app: Application, visitor: Visitor, mail_server: MailServer, person: TestUser
) -> None:
    code = await code_sent(visitor, mail_server)
    page = await visitor.get(CONFIRM, next="password")
    app.clock.advance(seconds=601)

    answer = await visitor.submit(page, to=CONFIRM, code=code)

    assert answer.status_code == 400
    assert not await is_open(visitor)


@pytest.mark.slow
async def test_a_code_does_not_allow_changing_the_email(
    app: Application, visitor: Visitor, mail_server: MailServer, person: TestUser
) -> None:
    """A brief look into the mailbox is not enough to take over the account"""
    await confirm(visitor, await code_sent(visitor, mail_server))
    fields = fields_in(await visitor.get(PASSWORD_PAGE))

    answer = await visitor.http.post("/account/email", data={**fields, "email": "m@example.com"})
    page = await visitor.follow(answer)
    sent = await visitor.http.post(SEND, data={**fields, "next": "email"})

    assert not await is_open(visitor, "email")
    assert page.url.path == CONFIRM
    assert "can't change the address itself" in text_of(page)
    assert SEND not in [action for action, _ in Form(page.text).forms]
    assert sent.headers["location"] == f"{CONFIRM}?next=email"
    assert mail_server.to("m@example.com") == []


async def test_a_code_is_neither_a_sign_in_nor_a_second_factor(
    app: Application,
    client: TestClient,
    visitor: Visitor,
    mail_server: MailServer,
    person: TestUser,
) -> None:
    """OpenID Connect Core sections 2 and 3.1.2.1: `auth_time`, `max_age`, `acr`"""
    services = services_of(app)
    user = await services.accounts.users.get(person.username)
    (before,) = await services.accounts.sessions.list_of(user.user_id)

    await confirm(visitor, await code_sent(visitor, mail_server))

    (after,) = await services.accounts.sessions.list_of(user.user_id)
    assert (after.auth_time, after.acr, after.amr) == (before.auth_time, before.acr, before.amr)
    silent = answer_in(await visitor.authorize(client, prompt="none", max_age="60"))
    assert silent["error"] == "login_required"
    mfa = {"acr_values": "urn:postern:acr:mfa"}
    stepping_up = await visitor.authorize(client, **mfa)
    assert stepping_up.url.path in ("/login", "/account/confirm"), stepping_up.url
    assert (await visitor.follow(await visitor.get("/login/step-up"))).url.path == "/login"


@pytest.mark.slow
async def test_wrong_codes_are_limited_like_authenticator_codes(
    app: Application, visitor: Visitor, mail_server: MailServer, person: TestUser
) -> None:
    """SECURITY_BAR row 17; a new code does not reset the count"""
    code = await code_sent(visitor, mail_server)
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    free = app.settings.code_limit

    answers = [await confirm(visitor, wrong) for _ in range(free)]
    again = await code_sent(visitor, mail_server)
    refused = await confirm(visitor, again)

    assert answers == [400] * free
    assert refused == 429
    assert not await is_open(visitor)
    await mail_server.wait_for("Someone is guessing your codes")
    assert (await events(app, person)).count("mail_code.refused") == free


async def test_emails_with_codes_are_rate_limited(
    app: Application, visitor: Visitor, mail_server: MailServer, person: TestUser
) -> None:
    for _ in range(3):
        await code_sent(visitor, mail_server)
    page = await visitor.get(CONFIRM, next="password")

    refused = await visitor.submit(page, to=SEND)

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


async def test_a_code_of_another_session_is_refused(
    app: Application,
    visitor: Visitor,
    stranger: Visitor,
    mail_server: MailServer,
    person: TestUser,
    provider: Provider,
) -> None:
    code = await code_sent(visitor, mail_server)
    await pending_account(app, stranger, provider)
    stranger.http.cookies.set("postern_mail_code", visitor.http.cookies["postern_mail_code"])
    fields = fields_in(await stranger.get("/account"))

    answer = await stranger.http.post(CONFIRM, data={**fields, "code": code, "next": "password"})

    assert answer.status_code in (303, 400)
    assert "mail_code.used" not in await events(app, person)


@pytest.mark.parametrize("factor", ["password", "authenticator", "recovery codes"])
async def test_a_user_with_any_other_credential_gets_no_code(
    app: Application, visitor: Visitor, mail_server: MailServer, provider: Provider, factor: str
) -> None:
    """Nor does one that they confirmed with go on working"""
    person = await pending_account(app, visitor, provider)
    await with_address(app, person)
    services = services_of(app)
    user = await services.accounts.users.get(person.username)
    fields = fields_in(await visitor.get("/account"))
    if factor == "password":
        await reset_password(services, person.username, PASSWORD)
    elif factor == "recovery codes":
        await services.factors.recovery_codes.make(user)
    else:
        await services.accounts.users.begin_enrolment(user)
        now = app.clock.now()
        user = await services.accounts.users.get(person.username)
        await services.factors.otp._user_repository.use_otp_step(
            user, 1, now=now, drift=0, event=None
        )

    assert not await services.factors.mail_codes.is_offered_to(
        await services.accounts.users.get(person.username)
    )
    await visitor.http.post(SEND, data={**fields, "next": "password"})
    assert "mail_code.sent" not in await events(app, person)


async def test_a_user_without_verified_email_or_provider_is_referred_to_an_administrator(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    """A refusal offers a next step"""
    await pending_account(app, visitor, provider)
    await disable_provider(app, provider.name)
    app.clock.advance(seconds=3600)

    page = await visitor.follow(await visitor.get(PASSWORD_PAGE))

    assert page.url.path == CONFIRM
    assert ADMINISTRATOR in text_of(page)
    assert Form(page.text).forms == []


async def test_a_user_without_a_verified_email_is_offered_the_identity_provider(
    app: Application, visitor: Visitor, provider: Provider
) -> None:
    await pending_account(app, visitor, provider)
    app.clock.advance(seconds=3600)

    page = await visitor.follow(await visitor.get(PASSWORD_PAGE))

    assert [action for action, _ in Form(page.text).forms] == [provider.button]
    assert "ask an administrator to reset your sign-in" in text_of(page)
