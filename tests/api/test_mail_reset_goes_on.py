"""After a password reset the user goes on to the application that sent them."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from tests.api.mailing import (
    NEW_PASSWORD,
    open_link,
    person_with_mailbox,
    set_password,
)
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.smtp import MailServer, link_in, running_mail_server
from tests.support.visitor import Visitor, answer_in, visiting

ADDRESS = "zoe@example.com"


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


async def mailed_link(visitor: Visitor, mail_server: MailServer, login: httpx.Response) -> str:
    """Return the link mailed after "Forgot your password?" on a sign-in page."""
    recover = await visitor.get(f"/recover?{login.url.query.decode()}")
    sent = await visitor.submit(recover, username=ADDRESS)
    assert sent.status_code == 200
    return link_in(await mail_server.mail_to(ADDRESS))


async def reset(visitor: Visitor, link: str) -> httpx.Response:
    """The page after a new password is set by a link."""
    return await visitor.follow(await set_password(visitor, await open_link(visitor, link)))


async def test_the_requesting_browser_continues_to_the_client(
    client: TestClient, visitor: Visitor, mail_server: MailServer, zoe: TestUser
) -> None:
    login = await visitor.authorize(client, state="mine", ui_locales="de")
    link = await mailed_link(visitor, mail_server, login)

    page = await reset(visitor, link)
    new = TestUser(zoe.username, NEW_PASSWORD, zoe.otp_secret)
    answer = await visitor.allow(await visitor.sign_in(page, new))

    assert login.text.count('href="/recover?request_id=') == 1
    assert "request_id" not in link
    assert page.headers["content-language"] == "de"
    assert answer_in(answer)["state"] == "mine"


async def test_another_browser_continues_to_the_plain_sign_in_page(
    app: Application, client: TestClient, visitor: Visitor, mail_server: MailServer, zoe: TestUser
) -> None:
    """The link by itself names no request"""
    link = await mailed_link(visitor, mail_server, await visitor.authorize(client))

    async with visiting(app) as other:
        page = await reset(other, link)

    assert str(page.url).endswith("/login?done=password")


async def test_an_expired_authorization_request_is_not_resumed(
    app: Application, client: TestClient, visitor: Visitor, mail_server: MailServer, zoe: TestUser
) -> None:
    login = await visitor.authorize(client)
    app.clock.advance(seconds=1800)
    link = await mailed_link(visitor, mail_server, login)
    app.clock.advance(seconds=1801)

    page = await reset(visitor, link)

    assert page.status_code == 200
    assert str(page.url).endswith("/login?done=password")


@pytest.mark.slow
async def test_the_latest_reset_request_determines_where_the_user_continues(
    client: TestClient, visitor: Visitor, mail_server: MailServer, zoe: TestUser
) -> None:
    link = await mailed_link(visitor, mail_server, await visitor.authorize(client))
    await visitor.submit(await visitor.get("/recover"), username="nobody-here")

    page = await reset(visitor, link)

    assert str(page.url).endswith("/login?done=password")


async def test_a_device_code_is_preserved_through_a_reset(
    visitor: Visitor, mail_server: MailServer, zoe: TestUser
) -> None:
    login = await visitor.get("/login", next="device", user_code="BCDF-GHJK")

    page = await reset(visitor, await mailed_link(visitor, mail_server, login))

    assert page.url.params["next"] == "device"
    assert page.url.params["user_code"] == "BCDF-GHJK"
