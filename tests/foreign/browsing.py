"""A user in Chromium, who is sent to the server by a client that is not ours."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, expect

from tests.browser.walk import Walk, walking
from tests.support.application import Application, TestUser
from tests.support.server import Server

DONE = base64.b64encode(b"You can close this page.").decode()


class Browsing:
    """A browser that stays signed in, and how often it was asked for consent."""

    def __init__(self, walk: Walk, user: TestUser) -> None:
        self.walk = walk
        self.user = user
        self.consents: list[str] = []
        self._is_signed_in = False

    async def open(self, url: str, *, at: str = "/callback") -> None:
        """Sign in if necessary, allow what is asked for, and wait until the client has answered.

        The redirect URI of the client ends with `at`.
        """
        page = self.walk.page
        response = await page.goto(url)
        assert response is not None
        assert f"{at}?" not in page.url, page.url
        assert response.status < 400, await page.inner_text("body")
        if not self._is_signed_in:
            await self.walk.sign_in(self.user, steps=1)
            self._is_signed_in = True
        allow = page.get_by_role("button", name="Allow", exact=True)
        await expect(allow).to_be_visible()
        self.consents.append(await page.inner_text("main"))
        async with page.expect_response(lambda answer: f"{at}?" in answer.url) as answered:
            await allow.click()
        assert (await answered.value).status == 200

    async def answers_at(self, redirect_uri: str) -> list[str]:
        """Answer in place of the client, and return the list to which each URL is added.

        Playwright's routes don't see redirects, but the protocol of the browser does.
        """
        answers: list[str] = []
        session = await self.walk.context.new_cdp_session(self.walk.page)

        async def answer(paused: dict[str, Any]) -> None:
            answers.append(paused["request"]["url"])
            done = {"requestId": paused["requestId"], "responseCode": 200, "body": DONE}
            await session.send("Fetch.fulfillRequest", done)

        session.on("Fetch.requestPaused", answer)
        pattern = {"urlPattern": f"{redirect_uri}\\?*"}
        await session.send("Fetch.enable", {"patterns": [pattern]})
        return answers


@asynccontextmanager
async def browsing(
    browser: Browser, server: Server, app: Application, **options: Any
) -> AsyncIterator[Browsing]:
    """Open a browser for a new user who has a second factor."""
    user = await app.enrolled_user()
    async with walking(browser, server, app, **options) as walk:
        yield Browsing(walk, user)
