"""A person with a browser, sent by a client that is not ours to a server that is."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from tests.support.application import Application, TestUser
from tests.support.machine import scaled
from tests.support.server import Server
from tests.support.visitor import Visitor

CALLBACK = "http://localhost:3000/callback"


class Person(Visitor):
    """Signs in and allows whatever is asked. A code counts once, so it signs in once."""

    def __init__(self, app: Application, http: httpx.AsyncClient, user: TestUser) -> None:
        super().__init__(app, http)
        self.user = user

    async def browse(self, url: str) -> str:
        """Opens an address of the server; gives the one to which it sends the browser back."""
        page = await self._open(url)
        if 'action="/login"' in page.text:
            otp = await self.give_password(page, self.user)
            page = await self.follow(await self.submit(otp, code=self.app.code(self.user, steps=1)))
        if 'action="/consent"' in page.text:
            page = await self.allow(page)
        assert page.is_redirect, page.text
        return str(page.headers["location"])

    async def connect(self, url: str) -> str:
        """Opens the address that a device shows, and allows it."""
        page = await self._open(url)
        done = await self.submit(page, to="/device/decision", decision="allow")
        assert "connected" in done.text
        return url

    async def _open(self, url: str) -> httpx.Response:
        parts = urlsplit(url)
        return await self.follow(await self.http.get(f"{parts.path}?{parts.query}"))


@asynccontextmanager
async def person_at(
    server: Server, app: Application, user: TestUser | None = None
) -> AsyncIterator[Person]:
    """Open a browser for a user, or for a new one."""
    if user is None:
        user = await app.enrolled_user()
    async with httpx.AsyncClient(
        base_url=server.url, headers={"accept": "text/html"}, timeout=scaled(30)
    ) as http:
        yield Person(app, http, user)
