"""A person with a browser that knows no JavaScript: keeps cookies, fills forms, follows links."""

import base64
import hashlib
import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.support.application import Application, TestClient, TestUser
from tests.support.machine import scaled

REDIRECT_URI = "http://localhost:3000/callback"
VERIFIER = "a-verifier-of-the-tests-" + "v" * 30
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
ORIGIN_OF_CLIENTS = "http://localhost:3000"


class Form(HTMLParser):
    """The forms of a page: where each goes, and what it holds already."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((values.get("action", ""), {}))
        elif values.get("type") == "checkbox" and "checked" not in values:
            return
        elif tag == "input" and self.forms and "name" in values:
            self.forms[-1][1][values["name"]] = values.get("value", "")


class Visitor:
    def __init__(self, app: Application, http: httpx.AsyncClient) -> None:
        self.app = app
        self.http = http

    async def get(self, path: str, **parameters: str) -> httpx.Response:
        return await self.http.get(path, params=parameters or None)

    async def submit(
        self, page: httpx.Response, *, to: str | None = None, **fields: str
    ) -> httpx.Response:
        """Sends the first form of a page, or the one with this action."""
        forms = Form(page.text).forms
        action, values = next(each for each in forms if to is None or each[0] == to)
        return await self.http.post(action, data={**values, **fields})

    async def follow(self, response: httpx.Response) -> httpx.Response:
        """Follows redirects as long as they stay here."""
        while response.is_redirect and response.headers["location"].startswith("/"):
            response = await self.http.get(response.headers["location"])
        return response

    async def authorize(self, client: TestClient, **parameters: Any) -> httpx.Response:
        """What the authorization endpoint answers in the end: a page, or a redirect to a client."""
        return await self.follow(await self.http.get(f"/authorize?{query(client, **parameters)}"))

    async def sign_in(self, page: httpx.Response, user: TestUser) -> httpx.Response:
        """From the sign-in page to what comes after it."""
        otp = await self.give_password(page, user)
        self.app.clock.advance(seconds=31)  # a code counts once
        return await self.follow(await self.submit(otp, code=self.app.code(user)))

    async def give_password(self, page: httpx.Response, user: TestUser) -> httpx.Response:
        given = {"username": user.username, "password": user.password}
        return await self.follow(await self.submit(page, to="/login", **given))

    async def enroll(self, page: httpx.Response, code: str) -> httpx.Response:
        """From the first code of an authenticator app to what comes after the recovery codes."""
        codes = await self.submit(page, to="/login/enroll", code=code)
        return await self.follow(await self.submit(codes, to="/recovery-codes/saved", saved="1"))

    async def allow(self, page: httpx.Response) -> httpx.Response:
        return await self.follow(await self.submit(page, to="/consent", decision="allow"))

    async def code_for(self, client: TestClient, user: TestUser, **parameters: Any) -> str:
        """A code, by way of whatever pages are due."""
        answer = await self.answer_for(client, user, **parameters)
        return answer["code"]

    async def answer_for(
        self, client: TestClient, user: TestUser, **parameters: Any
    ) -> dict[str, str]:
        """What the client is told, by way of whatever pages are due."""
        response = await self.authorize(client, **parameters)
        if 'action="/login"' in response.text:
            response = await self.sign_in(response, user)
        if 'action="/consent"' in response.text:
            response = await self.allow(response)
        return answer_in(response)

    async def tokens_for(
        self, client: TestClient, user: TestUser, **parameters: Any
    ) -> dict[str, Any]:
        """The token response of a whole code flow."""
        code = await self.code_for(client, user, **parameters)
        response = await redeem(self.app, client, code)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body


@asynccontextmanager
async def visiting(app: Application) -> AsyncIterator[Visitor]:
    """A browser of its own."""
    async with httpx.AsyncClient(
        transport=app.http._transport,
        base_url=app.http.base_url,
        headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
        timeout=scaled(30),
    ) as http:
        yield Visitor(app, http)
        http._transport = httpx.AsyncBaseTransport()  # the application's own, which goes on


def query(client: TestClient, **parameters: Any) -> str:
    """A request for a code; a parameter of None is left out."""
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        "state": "a-state",
        "nonce": "a-nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **parameters,
    }
    return urlencode(
        {name: value for name, value in asked.items() if value is not None}, doseq=True
    )


async def redeem(app: Application, client: TestClient, code: str, **form: Any) -> httpx.Response:
    """Exchanges a code; a parameter of None is left out."""
    asked = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
        **form,
    }
    given = {name: value for name, value in asked.items() if value is not None}
    if client.client_secret:
        return await app.token(client, **given)
    return await app.token(None, client_id=client.client_id, **given)


def answer_in(response: httpx.Response, *, at: str = ORIGIN_OF_CLIENTS) -> dict[str, str]:
    """The parameters of a redirect to the client, in its query or its fragment."""
    assert response.is_redirect, f"{response.status_code} {response.text[:2000]}"
    location = response.headers["location"]
    assert location.startswith(at), location
    parts = urlsplit(location)
    found = parse_qs(parts.fragment or parts.query, strict_parsing=True)
    assert all(len(values) == 1 for values in found.values())
    return {name: values[0] for name, values in found.items()}


def text_of(page: httpx.Response) -> str:
    """What a reader sees of a page."""
    return html.unescape(re.sub(r"<[^>]+>", " ", page.text))
