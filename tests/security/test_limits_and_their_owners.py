"""Limits harm nobody else: neighbours, mailboxes, the administrator, and those who wait."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
import pytest_asyncio

from app.models.operations.audit_events import AuditEvent
from tests.api.mailing import ask_for_link, open_link, person_with_mailbox
from tests.conftest import AppFactory
from tests.support.administration import reset_password
from tests.support.application import PASSWORD, Application, TestClient, TestUser
from tests.support.callers import calling_from
from tests.support.parts import count, services_of
from tests.support.passkeys import (
    ALONE,
    SECOND,
    enrol,
    give,
    is_refused,
    options_from,
    password_given,
    sign_in_with,
)
from tests.support.people import person_with
from tests.support.smtp import MailServer, link_in, running_mail_server
from tests.support.visitor import Visitor, visiting
from tests.support.waiting import eventually

pytestmark = pytest.mark.both_databases

ADMIN = "an-admin-token-of-the-tests-7Yk2"
ADDRESS = "jessica.boss@example.com"
WRONG = "not the password of anybody"
NO_CODE = "000000"
FREE_PASSKEYS = 60
FREE_MAILS = 3

Attempt = Callable[[], Awaitable[httpx.Response]]


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def mailing(start_app: AppFactory, mail_server: MailServer) -> Application:
    """An application that sends mails."""
    return await start_app(**mail_server.settings)


async def events_of(app: Application, action: str) -> list[AuditEvent]:
    return [each async for each in services_of(app).core.audit.read_all() if each.action == action]


async def has_no_mail_left(app: Application) -> bool:
    return await count(services_of(app).core.database, "mails") == 0


async def refused_until_he_has_waited(app: Application, attempt: Attempt) -> httpx.Response:
    """The answer to who waits once, for as long as he is told."""
    for _ in range(100):
        answer = await attempt()
        if answer.status_code == 429:
            break
    assert answer.status_code == 429
    app.clock.advance(seconds=int(answer.headers["retry-after"]))
    return await attempt()


@pytest.mark.slow
async def test_failed_passkeys_beyond_the_limit_are_not_audited(
    app: Application, user: TestUser
) -> None:
    """SECURITY_BAR row 50: of a flood in a minute the first ones are written"""
    async with (
        visiting(app) as owner,
        calling_from(app, app.new_address()) as thief,
        visiting(thief) as visitor,
    ):
        await owner.sign_in(await owner.get("/login"), user)
        await enrol(owner)
        page = await password_given(visitor, user)
        answers = [await give(visitor, page, SECOND, "{}") for _ in range(FREE_PASSKEYS + 40)]

    events = await events_of(app, "passkey.refused")
    person = await services_of(app).accounts.users.get(user.username)
    assert [each.status_code for each in answers] == [400] * FREE_PASSKEYS + [429] * 40
    assert len([each for each in events if each.user_id == person.user_id]) == FREE_PASSKEYS


async def test_unknown_passkeys_are_not_audited(app: Application, visitor: Visitor) -> None:
    """a stranger's guesses cost no row"""
    before = len(await events_of(app, "passkey.refused"))
    page = await visitor.get("/login")

    refused = await give(visitor, page, ALONE, "{}")

    assert is_refused(refused)
    assert len(await events_of(app, "passkey.refused")) == before


@pytest.mark.slow
async def test_a_valid_passkey_is_not_refused_for_failures_from_the_same_ip(
    app: Application, user: TestUser, client: TestClient
) -> None:
    """SECURITY_BAR row 23: one address for a whole house, and nobody guesses a signature"""
    async with (
        calling_from(app, app.new_address()) as house,
        visiting(house) as owner,
        visiting(house) as neighbour,
        visiting(house) as alone,
        visiting(house) as after_password,
    ):
        await owner.sign_in(await owner.get("/login"), user)
        passkey = await enrol(owner)
        second = await password_given(after_password, user)
        page = await neighbour.get("/login")
        for _ in range(FREE_PASSKEYS + 2):
            failed = await give(neighbour, page, ALONE, "{}")
        for _ in range(70):
            sprayed = await house.token(
                client, grant_type="password", username=house.new_name(), password=WRONG
            )

        by_passkey = await sign_in_with(alone, passkey)
        options = await options_from(after_password, second, SECOND)
        as_second = await give(after_password, second, SECOND, passkey.get(options))

    assert (failed.status_code, sprayed.status_code) == (429, 429)
    assert by_passkey.status_code == 200
    assert "Passkeys" in by_passkey.text
    assert as_second.is_redirect


async def test_a_client_that_respects_retry_after_is_answered_after_errors(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 50; RFC 9110 section 10.2.3"""
    wrong = TestClient(client.client_id, "not the secret")
    async with calling_from(app, app.new_address()) as caller:
        for _ in range(5):
            answer = await refused_until_he_has_waited(
                app, lambda: caller.client_credentials(wrong)
            )

            assert answer.status_code == 401


async def test_a_registration_succeeds_after_waiting_for_retry_after(start_app: AppFactory) -> None:
    """SECURITY_BAR row 50; RFC 9110 section 10.2.3"""
    app = await start_app(registration_limit=3)

    async def register() -> httpx.Response:
        body = {"username": app.new_name(), "password": PASSWORD}
        return await app.http.post("/register_user", json=body)

    for _ in range(5):
        answer = await refused_until_he_has_waited(app, register)

        assert answer.status_code == 201


async def test_a_reset_link_can_be_requested_after_waiting_for_retry_after(
    mailing: Application,
) -> None:
    """SECURITY_BAR row 50; RFC 9110 section 10.2.3"""
    async with visiting(mailing) as visitor:
        for _ in range(5):
            answer = await refused_until_he_has_waited(
                mailing, lambda: ask_for_link(visitor, ADDRESS)
            )

            assert answer.status_code < 400


async def test_link_requests_by_a_stranger_do_not_block_verifying_an_email(
    mailing: Application, mail_server: MailServer
) -> None:
    """SECURITY_BAR row 23: who asked for links to an address before its owner came"""
    async with calling_from(mailing, mailing.new_address()) as app, visiting(app) as stranger:
        asked = [await ask_for_link(stranger, ADDRESS) for _ in range(FREE_MAILS + 1)]

    await person_with(mailing, email=ADDRESS)
    link = link_in(await mail_server.mail_to(ADDRESS))
    async with visiting(mailing) as owner:
        opened = await open_link(owner, link)

    assert asked[-1].status_code == 429
    assert opened.status_code == 200


async def test_spelling_an_email_differently_sends_no_additional_mails(
    mailing: Application, mail_server: MailServer
) -> None:
    """SECURITY_BAR row 50: the count is the account's, by whatever name somebody asks"""
    jessica = await person_with_mailbox(mailing, mail_server, ADDRESS)
    spellings = [
        ADDRESS,
        ADDRESS.upper(),
        ADDRESS.replace("ss", "ß", 1),
        ADDRESS.replace("ss", "ß"),
        jessica.username,
        jessica.username.upper(),
    ]
    async with visiting(mailing) as stranger:
        for asked in spellings * 2:
            await ask_for_link(stranger, asked)
    await mail_server.mail_to(ADDRESS, number=FREE_MAILS)
    await eventually(lambda: has_no_mail_left(mailing))

    assert len(mail_server.to(ADDRESS)) == FREE_MAILS


async def test_the_password_grant_does_not_suppress_the_new_sign_in_notification(
    mailing: Application, mail_server: MailServer
) -> None:
    """SECURITY_BAR row 23: who stole a password prepares nothing by another door"""
    client = await mailing.create_client()
    jessica = await person_with_mailbox(mailing, mail_server, ADDRESS)
    async with visiting(mailing) as owner:
        await owner.sign_in(await owner.get("/login"), jessica)
    async with calling_from(mailing, "203.0.113.9") as thief, visiting(thief) as visitor:
        assert (await thief.password_grant(client, jessica)).status_code == 200
        mailing.clock.advance(seconds=61)

        await visitor.sign_in(await visitor.get("/login"), jessica)

    notice = await mail_server.mail_to(ADDRESS)
    assert "203.0.113.9" in notice.as_string()


@pytest.mark.parametrize("door", ["password grant", "pages"])
async def test_a_password_reset_makes_every_known_network_unknown(
    start_app: AppFactory, door: str
) -> None:
    """SECURITY_BAR row 23: the thief of the old one has no tries beside the limit"""
    app = await start_app()
    client, user = await app.create_client(), await app.enrolled_user()

    async with calling_from(app, "203.0.113.9") as thief, visiting(thief) as visitor:

        async def attempt(password: str) -> httpx.Response:
            if door == "password grant":
                return await thief.password_grant(client, user, password=password)
            page = await visitor.get("/login")
            given = {"username": user.username, "password": password}
            return await visitor.submit(page, to="/login", **given)

        if door == "pages":
            await visitor.sign_in(await visitor.get("/login"), user)
        else:
            assert (await attempt(user.password)).status_code == 200
        await guess_elsewhere(app, client, user)
        known = await attempt(WRONG)
        await reset_password(services_of(app), user.username, "a-new-one-that-nobody-knows")
        unknown = await attempt(WRONG)

    assert known.status_code == 400
    assert unknown.status_code == 429


async def guess_elsewhere(app: Application, client: TestClient, user: TestUser) -> None:
    async with calling_from(app, "198.51.100.7") as other:
        for _ in range(12):
            answer = await other.password_grant(client, user, password=WRONG)
    assert answer.status_code == 429


@pytest.mark.parametrize(
    ("path", "action", "body"),
    [
        ("/register_user", "user.registered", {"username": "zoe", "password": PASSWORD}),
        ("/register", "client.registered", {"redirect_uris": ["http://localhost:3000/cb"]}),
    ],
)
async def test_the_administrator_is_the_audited_actor_on_open_endpoints(
    start_app: AppFactory, path: str, action: str, body: dict[str, object]
) -> None:
    """SECURITY_BAR row 41; the audit log says who did it"""
    app = await start_app(admin_token=ADMIN, registration="open", dynamic_registration="open")

    answer = await app.http.post(path, json=body, headers={"authorization": f"Bearer {ADMIN}"})

    assert answer.status_code == 201
    assert [each.actor for each in await events_of(app, action)] == ["admin-token"]


async def test_the_administrator_is_not_the_actor_of_the_next_anonymous_request(
    start_app: AppFactory,
) -> None:
    """nothing of one request clings to the next"""
    app = await start_app(admin_token=ADMIN, registration="open")
    headers = {"authorization": f"Bearer {ADMIN}"}
    body = {"username": app.new_name(), "password": PASSWORD}
    await app.http.post("/register_user", json=body, headers=headers)

    await app.register()

    actors = [each.actor for each in await events_of(app, "user.registered")]
    assert actors[0] == "admin-token"
    assert actors[1] != "admin-token"


async def test_an_invalid_administrator_token_is_audited(start_app: AppFactory) -> None:
    """SECURITY_BAR row 41; the audit log says who did it"""
    app = await start_app(admin_token=ADMIN, registration="closed")
    body = {"username": app.new_name(), "password": PASSWORD}
    await app.http.post("/register_user", json=body)

    answer = await app.http.post(
        "/register_user", json=body, headers={"authorization": "Bearer a-guess"}
    )

    assert answer.status_code == 401
    (event,) = await events_of(app, "administrator.refused")
    assert (event.outcome, event.actor) == ("refused", "anybody")
    assert "a-guess" not in json.dumps(event.details)


@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1"])
async def test_a_trusted_proxy_is_recognised_on_a_dual_stack_socket(
    start_app: AppFactory, peer: str
) -> None:
    """SECURITY_BAR row 24: such a socket calls an IPv4 peer by its IPv6 name"""
    app = await start_app(login_limit_address=3, trusted_proxies=("10.0.0.0/8",))

    async with calling_from(app, peer) as proxy:
        answers = [
            await proxy.http.post(
                "/verify_otp",
                json={"username": app.new_name(), "code": NO_CODE},
                headers={"x-forwarded-for": caller},
            )
            for caller in ["198.51.100.1"] * 4 + ["198.51.100.2, ::ffff:10.0.0.9"]
        ]

    assert [each.status_code for each in answers] == [401, 401, 401, 429, 401]
