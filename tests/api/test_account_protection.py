"""The heading of `/account`: how the account is protected, and what its user should do."""

import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from app.schemas.identity_providers import IdentityProviderBody
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.account import signed_in
from tests.support.application import Application, TestUser
from tests.support.parts import services_of
from tests.support.passkeys import enrol
from tests.support.people import person_with
from tests.support.smtp import MailServer, running_mail_server
from tests.support.visitor import Visitor, text_of, visiting

PASSWORD_ONLY = "Your account is protected by a password only"
AUTHENTICATOR = "Your account is protected by an authenticator app"
BOTH = "Your account is protected by a passkey and an authenticator app"
PASSKEY = "Your account is protected by a passkey"
ADD_ADDRESS = "Add a recovery address"
CREATE_CODES = "Create recovery codes"
COMPANY = IdentityProviderBody(name="company", issuer="https://company.example", client_id="us")


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest_asyncio.fixture
async def mailing(start_app: AppFactory, mail_server: MailServer) -> Application:
    return await start_app(**mail_server.settings)


def heading_of(page: httpx.Response) -> str:
    headings = re.findall(r"<h1>(.*?)</h1>", page.text)
    assert len(headings) == 1
    return str(headings[0])


def advice_on(page: httpx.Response) -> dict[str, str]:
    """Return the links of the advice with their labels."""
    advice = re.findall(r'<li class="notice".*?<a href="([^"]+)">(.*?)</a>', page.text)
    return {label: url for url, label in advice}


async def test_an_authenticator_app_protects_the_account(visitor: Visitor, user: TestUser) -> None:
    await signed_in(visitor, user)

    page = await visitor.get("/account")

    assert heading_of(page) == AUTHENTICATOR
    assert 'class="tile done"' in page.text
    assert "<title>Your account" in page.text


async def test_a_passkey_and_an_authenticator_app_protect_the_account(
    visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    await enrol(visitor)

    assert heading_of(await visitor.get("/account")) == BOTH


async def test_a_password_alone_is_not_enough_and_the_user_is_asked_to_add_a_passkey(
    start_app: AppFactory,
) -> None:
    app = await start_app(second_factor="optional")
    async with visiting(app) as visitor:
        user = await app.register()
        before = await visitor.give_password(await visitor.get("/login"), user)
        await enrol(visitor)
        after = await visitor.get("/account")

    assert heading_of(before) == PASSWORD_ONLY
    assert 'class="tile wrong"' in before.text
    assert advice_on(before) == {"Add a passkey": "/account/passkeys"}
    assert heading_of(after) == PASSKEY
    assert 'class="tile done"' in after.text
    assert advice_on(after) == {}


async def test_a_user_without_an_address_is_asked_to_add_one(mailing: Application) -> None:
    user = await mailing.enrolled_user()
    async with visiting(mailing) as visitor:
        await signed_in(visitor, user)
        page = await visitor.get("/account")

    assert advice_on(page)[ADD_ADDRESS] == "/account/email"
    assert "Without an email address you can't set a new password" in text_of(page)


@pytest.mark.parametrize("email", ["zoe@example.com", None])
async def test_a_server_that_sends_no_mail_asks_nobody_for_an_address(
    app: Application, visitor: Visitor, email: str | None
) -> None:
    await signed_in(visitor, await person_with(app, **({"email": email} if email else {})))

    page = await visitor.get("/account")

    assert ADD_ADDRESS not in advice_on(page)
    assert "/account/email" not in page.text


async def test_a_user_with_an_address_is_not_asked_for_another(mailing: Application) -> None:
    user = await person_with(mailing, email="zoe@example.com")
    async with visiting(mailing) as visitor:
        await signed_in(visitor, user)
        page = await visitor.get("/account")

    assert ADD_ADDRESS not in advice_on(page)
    assert advice_on(page)["Confirm your email address"] == "/account/email"


async def test_a_user_of_an_app_with_few_recovery_codes_is_asked_to_create_some(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    before = await visitor.get("/account")
    await visitor.submit(await visitor.get("/account/recovery-codes"), to="/account/recovery-codes")

    after = await visitor.get("/account")

    assert advice_on(before)[CREATE_CODES] == "/account/recovery-codes"
    assert "Codes left: 0." in text_of(before)
    assert CREATE_CODES not in advice_on(after)


async def test_the_navigation_of_an_account_page_links_to_the_others_and_marks_it(
    visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)

    page = await visitor.get("/account/password")

    navigation = page.text.partition('<nav class="places"')[2].partition("</nav>")[0]
    places = re.findall(r'href="/account/([\w-]+)"( aria-current="page")?', navigation)
    assert ("password", ' aria-current="page"') in places
    assert ("profile", "") in places
    assert len([current for _, current in places if current]) == 1
    assert not {"email", "connections"} & {place for place, _ in places}  # off by default


async def test_the_navigation_has_connected_accounts_once_a_provider_is_enabled(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    before = await visitor.get("/account/password")
    await services_of(app).federation.administration.add(COMPANY, secret="", authority=FULL)

    after = await visitor.get("/account/password")

    assert "/account/connections" not in before.text
    assert "/account/connections" in after.text
