"""A person in a real browser on his way through the sign-in pages, and the client he comes from."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
from playwright.async_api import Browser, BrowserContext, Page

from tests.browser.patience import set_time_limits
from tests.support.application import Application, TestClient, TestUser
from tests.support.server import Server
from tests.support.visitor import query

HELLO = b"<!doctype html><title>App</title><h1>Back in the app</h1>"
BLOCKED = re.compile(r"Content Security Policy|violates")


@dataclass
class Walk:
    """One browser, and a client at `origin` that says hello, or sends the browser on from its
    callback to the last of `onwards`."""

    server: Server
    app: Application
    context: BrowserContext
    page: Page
    origin: str
    has_scripts: bool
    posted: list[dict[str, str]]
    onwards: list[str]

    async def authorize(self, client: TestClient, page: Page | None = None, **asked: Any) -> None:
        asked = {"redirect_uri": self.callback, **asked}
        await (page or self.page).goto(f"{self.server.url}/authorize?{query(client, **asked)}")

    @property
    def callback(self) -> str:
        return f"{self.origin}/callback"

    async def give_password(self, user: TestUser, *, password: str | None = None) -> None:
        await self.page.get_by_label("Username").fill(user.username)
        await self.page.locator("#password").fill(password or user.password)
        await self.page.get_by_role("button", name="Sign in", exact=True).click()

    async def sign_in(self, user: TestUser, *, steps: int = 0) -> None:
        await self.give_password(user)
        await self.page.wait_for_url("**/login/otp*")
        await self.type_code(self.app.code(user, steps=steps))

    async def type_code(self, code: str) -> None:
        await self.page.locator("#code").fill(code)
        button = self.page.get_by_role("button", name="Continue")
        if not self.has_scripts:
            await button.click()

    async def save_codes(self) -> list[str]:
        """The recovery codes, which are shown once, and on to what comes after them."""
        await self.page.locator("#codes").wait_for()
        codes = await self.page.locator("#codes code").all_text_contents()
        await self.page.get_by_label("I've saved my codes").check()
        await self.page.get_by_role("button", name="Continue").click()
        return codes

    async def answer(self, page: Page | None = None) -> dict[str, str]:
        """What the client was told, once the browser is back there."""
        here = page or self.page
        await here.wait_for_url(f"{self.origin}/**")
        if self.posted:
            return self.posted[-1]
        found = parse_qs(urlsplit(here.url).query)
        return {name: values[0] for name, values in found.items()}

    async def secret(self) -> str:
        """The key behind "Can't scan the code?"."""
        return "".join((await self.page.locator("#secret").text_content() or "").split())

    def code_of(self, secret: str, *, steps: int = 0) -> str:
        return pyotp.TOTP(secret).at(self.app.clock.now(), counter_offset=steps)


@asynccontextmanager
async def walking(
    browser: Browser, server: Server, app: Application, **options: Any
) -> AsyncIterator[Walk]:
    """A new browser; what its console says of blocked content or errors fails the test."""
    problems: list[str] = []
    posted: list[dict[str, str]] = []
    onwards: list[str] = []

    def watch(each: Page) -> None:
        each.on("pageerror", lambda error: problems.append(str(error)))
        each.on("console", lambda message: note(message.type, message.text))

    def note(kind: str, text: str) -> None:
        if kind == "error" and BLOCKED.search(text):
            problems.append(text)

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"content-length: (\d+)", head, re.IGNORECASE)
        if head.startswith("POST") and length is not None:
            body = (await reader.readexactly(int(length[1]))).decode()
            posted.append({name: each[0] for name, each in parse_qs(body).items()})
        if onwards and "/callback" in head.partition("\r\n")[0]:
            writer.write(b"HTTP/1.1 303 See Other\r\nConnection: close\r\n")
            writer.write(b"Location: %s\r\nContent-Length: 0\r\n\r\n" % onwards[-1].encode())
            await writer.drain()
            writer.close()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(HELLO), HELLO))
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(client, "localhost", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        context = await browser.new_context(**options)
        set_time_limits(context)
        page = await context.new_page()
        watch(page)
        context.on("page", watch)
        has_scripts = options.get("java_script_enabled", True)
        origin = f"http://localhost:{port}"
        yield Walk(server, app, context, page, origin, has_scripts, posted, onwards)
        await context.close()
    assert problems == []
