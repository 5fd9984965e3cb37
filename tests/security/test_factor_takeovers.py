"""Who knows the password alone sets up no factor where there is one, nor keeps one for later."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, insert, select, text, update

from app.models.accounts.users import users
from app.models.factors.passkeys import Passkey as StoredPasskey
from app.models.factors.passkeys import passkeys
from app.repositories.inserts import values_in
from tests.conftest import AppFactory
from tests.security.factors import audited, codes_on, secret_on
from tests.support.account import stored, vouched_for
from tests.support.application import PASSWORD, Application, TestClient, TestUser, otp_secret_in
from tests.support.assertions import assert_problem
from tests.support.identity_provider import (
    Provider,
    account_made_by,
    fields_in,
    sent_to,
)
from tests.support.parts import open_database
from tests.support.passkeys import (
    SECOND,
    enrol,
    give,
    options_from,
    password_given,
)
from tests.support.smtp import MailServer, running_mail_server, subject_of
from tests.support.visitor import Visitor, visiting
from tests.support.waiting import eventually

ENROLL, PASSKEY_OR_CODE = "/login/enroll", "/login/otp"
STEP_UP = "/login/step-up"
MFA = "urn:postern:acr:mfa"
TOLD = "An authenticator app was set up"
ADDRESS = "zoe@example.com"
HOURS = 11 * 3600


@pytest_asyncio.fixture
async def person(app: Application, visitor: Visitor, provider: Provider) -> TestUser:
    """Signed in at `visitor`, with a password and no second factor; who came by a provider."""
    return await user_of(visitor, provider)


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


async def user_of(visitor: Visitor, provider: Provider) -> TestUser:
    name = await account_made_by(visitor, provider, sub=visitor.app.new_name("sub"))
    page = await visitor.get("/account/password")
    answer = await visitor.submit(page, to="/account/password", password=PASSWORD)
    assert answer.headers["location"] == "/account/password?saved=1", answer.text
    return TestUser(name, PASSWORD, "")


async def secret_by_api(app: Application, user: TestUser) -> TestUser:
    """The person with a secret that the password alone is handed out."""
    answer = await app.http.post(
        "/enroll_otp", json={"username": user.username, "password": user.password}
    )
    assert answer.status_code == 200, answer.text
    return TestUser(user.username, user.password, otp_secret_in(answer.json()["otp_uri"]))


async def give_code(visitor: Visitor, page: httpx.Response, code: str) -> httpx.Response:
    """To where a code is given, also where the page has no field for it."""
    form = {**fields_in(page), "code": code}
    return await visitor.http.post(PASSKEY_OR_CODE, data=form)


async def is_confirmed(app: Application, user: TestUser) -> bool:
    return (await stored(app, user)).has_confirmed_otp


async def is_signed_in(visitor: Visitor) -> bool:
    return (await visitor.get("/account")).status_code == 200


async def test_the_api_issues_no_totp_secret_for_a_password_if_the_user_has_a_passkey(
    app: Application, visitor: Visitor, person: TestUser
) -> None:
    """SECURITY_BAR row 20"""
    await enrol(visitor)
    before = (await stored(app, person)).otp_secret

    right, wrong = [
        await app.http.post("/enroll_otp", json={"username": person.username, "password": each})
        for each in (person.password, "another password of nobody")
    ]

    assert_problem(right, 409, "already_enrolled")
    assert wrong.status_code == 401
    assert "secret=" not in right.text
    assert (await stored(app, person)).otp_secret == before
    assert await is_signed_in(visitor)


async def test_the_sign_in_page_requires_the_passkey_and_does_not_enrol_a_totp(
    app: Application, visitor: Visitor, stranger: Visitor, person: TestUser
) -> None:
    """SECURITY_BAR row 20"""
    await enrol(visitor)

    page = await password_given(stranger, person)
    instead = await stranger.get(ENROLL)
    posted = await give_code(stranger, page, "000000")

    assert page.url.path == PASSKEY_OR_CODE
    assert f'action="{SECOND}"' in page.text
    assert 'id="secret"' not in page.text
    assert instead.headers["location"] == "/login"
    assert posted.status_code == 400
    assert (await stored(app, person)).otp_secret is None
    assert not await is_signed_in(stranger)


async def test_the_passkey_completes_a_sign_in_started_with_the_password(
    visitor: Visitor, stranger: Visitor, person: TestUser
) -> None:
    passkey = await enrol(visitor)
    page = await password_given(stranger, person)
    options = await options_from(stranger, page, SECOND)

    answer = await give(stranger, page, SECOND, passkey.get(options))

    assert answer.headers["location"] == "/account"
    assert await is_signed_in(stranger)


async def test_a_totp_secret_issued_before_a_passkey_was_added_cannot_be_confirmed(
    app: Application, visitor: Visitor, stranger: Visitor, person: TestUser
) -> None:
    """Who knew the password put it aside."""
    attacker = await secret_by_api(app, person)
    await enrol(visitor)

    answer = await app.verify_otp(attacker.username, app.code(attacker))
    page = await password_given(stranger, attacker)
    given = await give_code(stranger, page, app.code(attacker))

    assert answer.status_code == 401
    assert given.status_code == 400
    assert not await is_confirmed(app, person)
    assert not await is_signed_in(stranger)
    assert (await stored(app, person)).otp_secret is None


async def test_adding_a_passkey_invalidates_a_pending_totp_enrolment(
    app: Application, visitor: Visitor, stranger: Visitor, person: TestUser
) -> None:
    """The secret in the sealed cookie of a browser that waited."""
    page = await password_given(stranger, person)
    assert page.url.path == ENROLL
    attacker = TestUser(person.username, person.password, secret_on(page))
    await enrol(visitor)

    answer = await stranger.submit(page, to=ENROLL, code=app.code(attacker))

    assert codes_on(answer) == []
    assert not await is_confirmed(app, person)
    assert not await is_signed_in(stranger)
    assert "otp.confirmed" not in [action for action, _ in await audited(app, person)]


async def test_a_confirmed_authenticator_remains_valid_after_a_passkey_is_added(
    app: Application, owner: Visitor, user: TestUser
) -> None:
    await enrol(owner)

    app.clock.advance(seconds=60)
    answer = await app.verify_otp(user.username, app.code(user))

    assert answer.status_code == 200
    assert await is_confirmed(app, user)


async def test_no_totp_secret_is_issued_while_a_passkey_is_being_added(
    app: Application, person: TestUser
) -> None:
    """The passkey is committed while the other request waits for the row of its owner."""
    owner = await stored(app, person)
    made = StoredPasskey(
        passkey_id=owner.user_id,
        credential_id=owner.user_id.encode(),
        user_id=owner.user_id,
        public_key=b"a key",
        sign_count=0,
        name="Phone",
        transports="internal",
        is_synced=False,
        created_at=app.clock.now(),
        last_used_at=None,
    )
    body = {"username": person.username, "password": person.password}
    async with open_database(app.settings.database_url) as elsewhere:
        async with elsewhere.transaction() as connection:
            await connection.execute(
                update(users)
                .where(users.c.user_id == owner.user_id)
                .values(otp_secret=None, otp_last_step=None)
            )
            await connection.execute(insert(passkeys).values(values_in(passkeys, made)))
            asked = asyncio.create_task(app.http.post("/enroll_otp", json=body))
            await waits_for_a_row(app)
        answer = await asked

    assert_problem(answer, 409, "already_enrolled")
    assert (await stored(app, person)).otp_secret is None


async def waits_for_a_row(app: Application) -> None:
    """Until a statement waits for a lock; where only one writes at all, for long enough that it
    comes to its write."""
    if app.settings.database_url.startswith("sqlite"):
        await asyncio.sleep(0.1)
        return
    waiting = select(func.count()).select_from(text("pg_locks")).where(text("NOT granted"))
    async with open_database(app.settings.database_url) as third:

        async def somebody_waits() -> bool:
            row = await third.fetch_one(waiting)
            return row is not None and row[0] > 0

        await eventually(somebody_waits)


@pytest.mark.parametrize("by_page", [False, True])
async def test_confirming_an_authenticator_notifies_a_user_with_a_verified_email(
    start_app: AppFactory, mail_server: MailServer, *, by_page: bool
) -> None:
    """It may be somebody else's app."""
    app = await start_app(**mail_server.settings)
    user = TestUser(app.new_name(), PASSWORD, "")
    body = {"username": user.username, "password": user.password, "email": ADDRESS}
    assert (await app.http.post("/register_user", json=body)).status_code == 201
    await vouched_for(app, user, "email_verified")

    if by_page:
        async with visiting(app) as visitor:
            page = await password_given(visitor, user)
            user = TestUser(user.username, user.password, secret_on(page))
            assert codes_on(await visitor.submit(page, to=ENROLL, code=app.code(user)))
    else:
        user = await secret_by_api(app, user)
        assert (await app.verify_otp(user.username, app.code(user))).status_code == 200

    await eventually(lambda: TOLD in map(subject_of, mail_server.to(ADDRESS)))


async def test_a_passkey_is_still_required_if_the_issuer_no_longer_offers_passkeys(
    start_app: AppFactory, app: Application, visitor: Visitor, person: TestUser
) -> None:
    """The issuer moved to an address of numbers, where a browser uses no passkey."""
    await enrol(visitor)
    moved = await start_app(database_url=app.settings.database_url, issuer="http://127.0.0.1:5000")

    async with visiting(moved) as stranger:
        page = await password_given(stranger, person)
        answer = await moved.http.post(
            "/enroll_otp", json={"username": person.username, "password": person.password}
        )

        assert page.url.path == PASSKEY_OR_CODE
        assert 'id="secret"' not in page.text
        assert (await stranger.get(ENROLL)).headers["location"] == "/login"
        assert not await is_signed_in(stranger)
    assert_problem(answer, 409, "already_enrolled")
    assert (await stored(app, person)).otp_secret is None


async def test_enrolling_a_second_factor_requires_a_fresh_session(
    app: Application, visitor: Visitor, person: TestUser
) -> None:
    app.clock.advance(seconds=HOURS)

    answers = [
        await visitor.get(STEP_UP),
        await visitor.get(STEP_UP, next="recovery-codes"),
        await visitor.get(ENROLL),
    ]

    assert [each.headers["location"] for each in answers] == [
        "/login",
        "/login?next=recovery-codes",
        "/login",
    ]
    assert (await stored(app, person)).otp_secret is None


async def test_a_stale_session_must_sign_in_again_if_a_client_requires_mfa(
    app: Application, client: TestClient, visitor: Visitor, person: TestUser
) -> None:
    app.clock.advance(seconds=HOURS)

    page = await visitor.authorize(client, acr_values=MFA)

    assert page.url.path == "/login"
    assert (await stored(app, person)).otp_secret is None
    after = await visitor.give_password(page, person)
    assert after.url.path == ENROLL


async def test_signing_in_again_at_a_provider_for_mfa_does_not_loop(
    app: Application, client: TestClient, visitor: Visitor, provider: Provider
) -> None:
    """A provider that names the time of a sign-in where it is asked for it, as it has to."""
    await account_made_by(visitor, provider, sub="circles")
    app.clock.advance(seconds=HOURS)
    page = await visitor.authorize(client, acr_values=MFA)
    assert page.url.path == "/login"

    asked = await sent_to(visitor, provider, **dict(page.url.params))

    assert asked.parameters.get("max_age") == "0"
    provider.knows(asked, sub="circles", auth_time=int(app.clock.now().timestamp()))
    after = await visitor.follow(await visitor.http.get(provider.callback(asked)))
    assert after.url.path == ENROLL


async def test_a_fresh_session_can_enrol_a_second_factor(
    app: Application, visitor: Visitor, person: TestUser
) -> None:
    page = await visitor.follow(await visitor.get(STEP_UP))
    assert page.url.path == ENROLL
    enrolled = TestUser(person.username, person.password, secret_on(page))

    answer = await visitor.submit(page, to=ENROLL, code=app.code(enrolled))

    assert len(codes_on(answer)) == 10
    assert await is_confirmed(app, person)
