"""A user in Chromium, who is sent to the server by a client that is not ours."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, expect

from tests.browser.walk import Walk, walking
from tests.support.application import Application, TestUser
from tests.support.server import Server


class Browsing:
    """A browser that stays signed in, and how often it was asked for consent."""

    def __init__(self, walk: Walk, user: TestUser) -> None:
        self.walk = walk
        self.user = user
        self.consents: list[str] = []
        self._is_signed_in = False

    async def open(self, url: str) -> None:
        """Sign in if necessary, allow what is asked for, and wait until the client has answered."""
        page = self.walk.page
        response = await page.goto(url)
        assert response is not None
        assert "/callback?" not in page.url, page.url
        assert response.status < 400, await page.inner_text("body")
        if not self._is_signed_in:
            await self.walk.sign_in(self.user, steps=1)
            self._is_signed_in = True
        allow = page.get_by_role("button", name="Allow", exact=True)
        await expect(allow).to_be_visible()
        self.consents.append(await page.inner_text("main"))
        async with page.expect_response(lambda answer: "/callback?" in answer.url) as answered:
            await allow.click()
        assert (await answered.value).status == 200


@asynccontextmanager
async def browsing(
    browser: Browser, server: Server, app: Application, **options: Any
) -> AsyncIterator[Browsing]:
    """Open a browser for a new user who has a second factor."""
    user = await app.enrolled_user()
    async with walking(browser, server, app, **options) as walk:
        yield Browsing(walk, user)
