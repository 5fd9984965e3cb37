"""Debian's Chromium, and a real server for it."""

import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.browser.patience import set_time_limits
from tests.browser.walk import Walk, walking
from tests.support.application import Application
from tests.support.server import Server, application_of, running_server


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=path)
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with running_server(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest_asyncio.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A page that fails the test for what it loads from elsewhere and for errors of scripts."""
    context = await browser.new_context()
    set_time_limits(context)
    opened = await context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    opened.on(
        "request",
        lambda request: problems.append(request.url) if "//127.0.0.1:" not in request.url else None,
    )
    yield opened
    await context.close()
    assert [each for each in problems if not each.startswith("data:")] == []


@pytest_asyncio.fixture(scope="module")
async def app(server: Server) -> AsyncIterator[Application]:
    async with application_of(server) as made:
        yield made


@pytest_asyncio.fixture(params=[True, False], ids=["scripts", "no scripts"])
async def walk(
    browser: Browser, server: Server, app: Application, request: pytest.FixtureRequest
) -> AsyncIterator[Walk]:
    """A person with a browser, with and without scripts."""
    async with walking(browser, server, app, java_script_enabled=request.param) as made:
        yield made


@pytest_asyncio.fixture
async def scripted(browser: Browser, server: Server, app: Application) -> AsyncIterator[Walk]:
    async with walking(browser, server, app) as made:
        yield made
