"""What administrators do to accounts, and what those who are not full administrators cannot."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from app.errors import ConflictError, FullAdministratorRequiredError, LastAdministratorError
from app.models.accounts.roles import ADMINISTRATOR, AUDITOR
from app.schemas.admin_scopes import AdminScope
from app.schemas.claims import StandardClaims
from app.schemas.users import UserCreate
from app.services.accounts.administration.link_delivery import MAILED, PRINTED, RETURNED
from app.services.operations.authority import FULL, authority_of
from app.wiring.administration import Administration
from tests.api.mailing import claims_of, open_link, person_with_mailbox
from tests.conftest import AppFactory
from tests.security.factors import secret_on
from tests.security.test_login_limits import guess_until_refused
from tests.support.account import happened, signed_in, stored
from tests.support.administration import id_of, new_group
from tests.support.application import Application, TestClient, TestUser
from tests.support.callers import calling_from
from tests.support.parts import services_of
from tests.support.passkeys import enrol
from tests.support.people import person_with
from tests.support.smtp import MailServer, link_in, running_mail_server
from tests.support.visitor import Visitor, visiting

pytestmark = pytest.mark.both_databases

ADDRESS = "zoe@example.com"
EVERYTHING_ELSE = authority_of(set(AdminScope) - {AdminScope.ADMIN})
NEW_PASSWORD = "a password that is new here"
Act = Callable[[Administration, str], Awaitable[Any]]
BY = {"authority": EVERYTHING_ELSE}
ACTS: dict[str, Act] = {
    "set claims": lambda the, user_id: the.users.set_claims(
        user_id, StandardClaims(email="mallory@example.com"), **BY
    ),
    "disable": lambda the, user_id: the.users.set_disabled(user_id, disabled=True, **BY),
    "enable": lambda the, user_id: the.users.set_disabled(user_id, disabled=False, **BY),
    "delete": lambda the, user_id: the.users.delete(user_id, **BY),
    "sign out": lambda the, user_id: the.users.sign_out(user_id, **BY),
    "reset the TOTP secret": lambda the, user_id: the.credentials.reset_otp(user_id, **BY),
    "reset factors": lambda the, user_id: the.credentials.reset_factors(user_id, **BY),
    "remove passkeys": lambda the, user_id: the.credentials.remove_passkeys(user_id, **BY),
    "set the password": lambda the, user_id: the.credentials.set_password(
        user_id, NEW_PASSWORD, **BY
    ),
    "create a link": lambda the, user_id: the.credentials.create_password_link(
        user_id, delivery=RETURNED, **BY
    ),
    "print a link": lambda the, user_id: the.credentials.create_password_link(
        user_id, delivery=PRINTED, **BY
    ),
    "mail a link": lambda the, user_id: the.credentials.create_password_link(
        user_id, delivery=MAILED, **BY
    ),
    "unlock": lambda the, user_id: the.credentials.unlock(user_id, **BY),
}


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


def administration_of(app: Application) -> Administration:
    return services_of(app).accounts.administration


async def make_administrator(app: Application, user: TestUser, role: str = ADMINISTRATOR) -> str:
    user_id = await id_of(app, user)
    await services_of(app).accounts.role_grants.grant_to_user(role, user_id, authority=FULL)
    return user_id


@pytest.mark.parametrize("act", ACTS)
async def test_users_write_alone_changes_nothing_about_an_administrator(
    mailing: Application, mail_server: MailServer, browser: Visitor, act: str
) -> None:
    """SECURITY_BAR row 52"""
    zoe = await person_with_mailbox(mailing, mail_server, ADDRESS)
    await signed_in(browser, zoe)
    await enrol(browser)
    user_id = await make_administrator(mailing, zoe)
    before = await stored(mailing, zoe), await happened(mailing, user_id)

    with pytest.raises(FullAdministratorRequiredError):
        await ACTS[act](administration_of(mailing), user_id)

    assert (await stored(mailing, zoe), await happened(mailing, user_id)) == before
    assert (await browser.get("/account")).status_code == 200


async def test_users_write_alone_changes_no_auditor_and_no_member_of_an_administrators_group(
    app: Application,
) -> None:
    auditor, member = await app.enrolled_user(), await app.enrolled_user()
    auditor_id = await make_administrator(app, auditor, AUDITOR)
    group = await new_group(app, member)
    grants = services_of(app).accounts.role_grants
    await grants.grant_to_group(ADMINISTRATOR, group.group_id, authority=FULL)

    for user_id in (auditor_id, await id_of(app, member)):
        with pytest.raises(FullAdministratorRequiredError):
            await administration_of(app).credentials.set_password(user_id, NEW_PASSWORD, **BY)


async def test_sessions_write_alone_ends_no_session_of_an_administrator(
    app: Application, visitor: Visitor
) -> None:
    user = await app.enrolled_user()
    await signed_in(visitor, user)
    user_id = await make_administrator(app, user)
    (session,) = await services_of(app).accounts.sessions.list_of(user_id)
    users = administration_of(app).users

    with pytest.raises(FullAdministratorRequiredError):
        await users.end_session(session.session_id, **BY)

    assert (await visitor.get("/account")).status_code == 200
    assert await users.end_session(session.session_id, authority=FULL)
    assert not await users.end_session(session.session_id, authority=FULL)
    assert (await visitor.get("/account")).is_redirect


async def test_users_write_alone_verifies_no_address_of_an_administrator(
    mailing: Application, mail_server: MailServer
) -> None:
    """SECURITY_BAR row 52: the account would receive the administrator's mail, or pass for them"""
    await make_administrator(mailing, await person_with_mailbox(mailing, mail_server, ADDRESS))
    mallory = await person_with(mailing, email=ADDRESS)
    user_id, the = await id_of(mailing, mallory), administration_of(mailing)
    body = UserCreate.model_validate(
        {"username": "another", "password": NEW_PASSWORD, "email": ADDRESS.upper()}
    )

    for act in (
        the.emails.mark_verified(user_id, **BY),
        the.users.set_claims(user_id, StandardClaims(), vouched_for=["email_verified"], **BY),
        the.users.create(body, vouched_for=["email_verified"], **BY),
    ):
        with pytest.raises(FullAdministratorRequiredError):
            await act

    assert (await claims_of(mailing, mallory))["email_verified"] is False


async def test_a_password_link_to_an_administrator_is_mailed_and_only_printed_by_the_operator(
    mailing: Application, mail_server: MailServer, browser: Visitor
) -> None:
    """SECURITY_BAR row 52"""
    user_id = await make_administrator(
        mailing, await person_with_mailbox(mailing, mail_server, ADDRESS)
    )
    create = administration_of(mailing).credentials.create_password_link

    with pytest.raises(ConflictError) as refused:
        await create(user_id, delivery=RETURNED, authority=FULL)
    returned = await create(user_id, delivery=MAILED, authority=FULL)
    printed = await create(user_id, delivery=PRINTED, authority=FULL)

    assert refused.value.error_code == "link_is_only_mailed"
    assert returned is None
    assert printed is not None
    mailed = link_in(await mail_server.mail_to(ADDRESS))
    assert (await open_link(browser, mailed)).status_code == 200


async def test_a_link_is_not_mailed_to_an_address_that_is_not_verified(
    mailing: Application, mail_server: MailServer
) -> None:
    user_id = await id_of(mailing, await person_with(mailing, email="nobody@example.com"))
    mail_server.mails.clear()

    with pytest.raises(ConflictError) as refused:
        await administration_of(mailing).credentials.create_password_link(
            user_id, delivery=MAILED, authority=FULL
        )

    assert refused.value.error_code == "email_not_verified"


async def test_an_address_is_verified_by_an_administrator_or_by_a_link_they_send(
    mailing: Application, mail_server: MailServer, browser: Visitor
) -> None:
    first = await person_with(mailing, email="first@example.com")
    second = await person_with(mailing, email="second@example.com")
    emails = administration_of(mailing).emails
    await mail_server.mail_to("second@example.com")  # the user registered with it

    await emails.mark_verified(await id_of(mailing, first), **BY)
    await emails.send_verification(await id_of(mailing, second), **BY)
    mail = await mail_server.mail_to("second@example.com", number=2)
    await browser.submit(await open_link(browser, link_in(mail)), to="/verify-email")

    for user in (first, second):
        assert (await claims_of(mailing, user))["email_verified"] is True
        with pytest.raises(ConflictError):
            await emails.mark_verified(await id_of(mailing, user), **BY)
    assert ("email.verified", {"before": {"email_verified": False}, "after": {
        "email_verified": True
    }}) in await happened(mailing, await id_of(mailing, first))  # fmt: skip


async def test_a_user_whose_factors_are_reset_sets_up_new_ones_at_the_next_sign_in(
    app: Application, visitor: Visitor
) -> None:
    user = await app.enrolled_user()
    await signed_in(visitor, user)
    await enrol(visitor)
    user_id = await id_of(app, user)

    await administration_of(app).credentials.reset_factors(user_id, **BY)
    signed_out = await visitor.get("/account")
    page = await visitor.give_password(await visitor.get("/login"), user)
    again = TestUser(user.username, user.password, secret_on(page))
    account = await visitor.enroll(page, app.code(again))

    details = await administration_of(app).details.read(user_id)
    assert signed_out.is_redirect
    assert again.otp_secret != user.otp_secret
    assert account.url.path == "/account"
    assert details.passkeys == []
    assert ("factors.reset", {"before": {"otp_confirmed": True, "passkeys": 1}, "after": {
        "otp_confirmed": False, "passkeys": 0
    }}) in await happened(app, user_id)  # fmt: skip


async def test_an_unlocked_user_can_try_again_at_once_from_the_network_that_was_delayed(
    app: Application, client: TestClient, user: TestUser
) -> None:
    user_id, the = await id_of(app, user), administration_of(app)
    async with calling_from(app, app.new_address()) as caller:
        await guess_until_refused(caller, client, user.username)
        delayed = await caller.password_grant(client, user)
        locked_until = (await the.details.read(user_id)).locked_until

        was_locked_until = await the.credentials.unlock(user_id, **BY)
        answer = await caller.password_grant(client, user)

    assert delayed.status_code == 429
    assert locked_until is not None
    assert was_locked_until == locked_until
    assert answer.status_code == 200, answer.text
    assert (await the.details.read(user_id)).locked_until is None
    assert await the.credentials.unlock(user_id, **BY) is None


async def test_the_details_of_a_user_say_how_they_sign_in_and_where_they_are_signed_in(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    user = await app.enrolled_user()
    await visitor.tokens_for(client, user)
    await enrol(visitor)
    group = await new_group(app, user)

    details = await administration_of(app).details.read(await id_of(app, user))

    assert details.has_password
    assert len(details.passkeys) == len(details.sessions) == 1
    assert [consent.client_id for consent in details.consents] == [client.client_id]
    assert [each.group_id for each, _ in details.groups] == [group.group_id]
    assert details.figures.last_sign_in_at is not None
    assert (details.figures.invited_until, details.locked_until) == (None, None)


async def test_a_change_of_claims_says_before_and_after_of_what_it_is_about(
    app: Application,
) -> None:
    user = await person_with(app, email="before@example.com", name="Zoe")
    user_id = await id_of(app, user)

    await administration_of(app).users.set_claims(
        user_id, StandardClaims(email="after@example.com"), **BY
    )

    assert (await happened(app, user_id))[-1] == (
        "user.claims_changed",
        {
            "before": {"email": "before@example.com", "email_verified": False},
            "after": {"email": "after@example.com", "email_verified": False},
        },
    )


@pytest.mark.parametrize("removal", ["disable", "delete"])
async def test_the_last_administrator_is_neither_disabled_nor_deleted(
    start_app: AppFactory, removal: str
) -> None:
    """SECURITY_BAR row 57"""
    app = await start_app()
    user = await app.enrolled_user()
    user_id, users = await make_administrator(app, user), administration_of(app).users

    change: Awaitable[Any] = (
        users.set_disabled(user_id, disabled=True, authority=FULL)
        if removal == "disable"
        else users.delete(user_id, authority=FULL)
    )
    with pytest.raises(LastAdministratorError):
        await change

    assert not (await stored(app, user)).is_disabled


async def test_a_user_is_found_by_an_address_that_was_just_verified(
    mailing: Application, mail_server: MailServer, browser: Visitor
) -> None:
    user = await person_with_mailbox(mailing, mail_server, ADDRESS)
    services = services_of(mailing)
    await services.accounts.email_verification.send_link(
        await stored(mailing, user), "newest@example.com", language="en"
    )
    page = await open_link(browser, link_in(await mail_server.mail_to("newest@example.com")))
    await browser.submit(page, to="/verify-email")

    found = await services.accounts.user_search.find("newest@")
    assert [each.username for each, _ in found] == [user.username]
    assert await services.accounts.user_search.find(ADDRESS) == []
