"""Links from mails in a real browser: an address is confirmed, a forgotten password replaced."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.api.mailing import NEW_PASSWORD
from tests.browser.walk import Walk, walking
from tests.support.application import Application, TestUser
from tests.support.people import person_with
from tests.support.server import Server, application_of, running_server
from tests.support.smtp import MailServer, link_in, running_mail_server


@pytest_asyncio.fixture(scope="module")
async def mail_server() -> AsyncIterator[MailServer]:
    async with running_mail_server() as made:
        yield made


@pytest_asyncio.fixture(scope="module")
async def server(
    mail_server: MailServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    settings = {name.upper(): str(value) for name, value in mail_server.settings.items()}
    async with running_server(tmp_path_factory.mktemp("server"), **settings) as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def app(server: Server) -> AsyncIterator[Application]:
    async with application_of(server) as made:
        yield made


@pytest_asyncio.fixture(params=[True, False], ids=["scripts", "no scripts"])
async def walk(
    browser: Browser, server: Server, app: Application, request: pytest.FixtureRequest
) -> AsyncIterator[Walk]:
    async with walking(browser, server, app, java_script_enabled=request.param) as made:
        yield made


async def test_an_email_is_confirmed_and_a_forgotten_password_is_reset(
    walk: Walk, app: Application, mail_server: MailServer
) -> None:
    address = f"{app.new_name()}@example.com"
    user = await person_with(app, email=address)
    page, url = walk.page, walk.server.url

    await page.goto(url + link_in(await mail_server.mail_to(address)))
    assert page.url == f"{url}/verify-email"
    await page.get_by_role("button", name=f"Confirm {address}").click()
    await page.get_by_text("Your email address is confirmed").wait_for()

    await page.goto(f"{url}/login")
    await page.get_by_role("link", name="Forgot your password?").click()
    await page.get_by_label("Username or email").fill(address)
    await page.get_by_role("button", name="Send the link").click()
    await page.get_by_text("we've sent an email to that address").wait_for()
    await page.goto(url + link_in(await mail_server.mail_to(address, number=2)))
    assert page.url == f"{url}/recover/new"
    await page.locator("#password").fill(NEW_PASSWORD)
    await page.get_by_role("button", name="Set password").click()
    await page.get_by_text("Your new password is set.").wait_for()

    await walk.give_password(TestUser(user.username, NEW_PASSWORD, ""))
    await page.wait_for_url("**/login/otp*")
