"""A user with a browser without JavaScript: stores cookies, submits forms, follows links."""

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
    """The forms of a page, with their actions and the values they contain."""

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
        """Submit the first form of a page, or the one with this action."""
        forms = [form for form in Form(page.text).forms if to is None or form[0] == to]
        assert forms, f"{page.status_code}, and no such form: {page.text}"
        action, values = forms[0]
        return await self.http.post(action, data={**values, **fields})

    async def follow(self, response: httpx.Response) -> httpx.Response:
        """Follow redirects within the application."""
        while response.is_redirect and response.headers["location"].startswith("/"):
            response = await self.http.get(response.headers["location"])
        return response

    async def authorize(self, client: TestClient, **parameters: Any) -> httpx.Response:
        """Request authorization; return the resulting page, or the redirect to the client."""
        return await self.follow(await self.http.get(f"/authorize?{query(client, **parameters)}"))

    async def sign_in(self, page: httpx.Response, user: TestUser) -> httpx.Response:
        """Sign in on the sign-in page and return the page after it."""
        otp_page = await self.give_password(page, user)
        self.app.clock.advance(seconds=31)  # a code is accepted only once
        return await self.follow(await self.submit(otp_page, code=self.app.code(user)))

    async def give_password(self, page: httpx.Response, user: TestUser) -> httpx.Response:
        credentials = {"username": user.username, "password": user.password}
        return await self.follow(await self.submit(page, to="/login", **credentials))

    async def enroll(self, page: httpx.Response, code: str) -> httpx.Response:
        """Confirm the enrolment and the recovery codes, and return the page after them."""
        codes_page = await self.submit(page, to="/login/enroll", code=code)
        return await self.follow(
            await self.submit(codes_page, to="/recovery-codes/saved", saved="1")
        )

    async def allow(self, page: httpx.Response) -> httpx.Response:
        return await self.follow(await self.submit(page, to="/consent", decision="allow"))

    async def code_for(self, client: TestClient, user: TestUser, **parameters: Any) -> str:
        """Return an authorization code, completing all required pages."""
        response = await self.answer_for(client, user, **parameters)
        return response["code"]

    async def answer_for(
        self, client: TestClient, user: TestUser, **parameters: Any
    ) -> dict[str, str]:
        """Return the authorization response, completing all required pages."""
        response = await self.authorize(client, **parameters)
        if 'action="/login"' in response.text:
            response = await self.sign_in(response, user)
        if 'action="/consent"' in response.text:
            response = await self.allow(response)
        return answer_in(response)

    async def tokens_for(
        self, client: TestClient, user: TestUser, **parameters: Any
    ) -> dict[str, Any]:
        """Return the token response of a complete code flow."""
        code = await self.code_for(client, user, **parameters)
        response = await redeem(self.app, client, code)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        return body


@asynccontextmanager
async def visiting(app: Application) -> AsyncIterator[Visitor]:
    """Open a browser with its own cookies."""
    async with httpx.AsyncClient(
        transport=app.http._transport,
        base_url=app.http.base_url,
        headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"},
        timeout=scaled(30),
    ) as http:
        yield Visitor(app, http)
        http._transport = httpx.AsyncBaseTransport()  # keeps the application's own transport open


def query(client: TestClient, **parameters: Any) -> str:
    """Return the query of an authorization request, without parameters that are None."""
    values = {
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
        {name: value for name, value in values.items() if value is not None}, doseq=True
    )


async def redeem(app: Application, client: TestClient, code: str, **form: Any) -> httpx.Response:
    """Exchange a code for tokens, without parameters that are None."""
    values = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
        **form,
    }
    present = {name: value for name, value in values.items() if value is not None}
    if client.client_secret:
        return await app.token(client, **present)
    return await app.token(None, client_id=client.client_id, **present)


def answer_in(response: httpx.Response, *, at: str = ORIGIN_OF_CLIENTS) -> dict[str, str]:
    """Return the parameters of a redirect to the client, from its query or fragment."""
    assert response.is_redirect, f"{response.status_code} {response.text[:2000]}"
    location = response.headers["location"]
    assert location.startswith(at), location
    parts = urlsplit(location)
    values_by_name = parse_qs(parts.fragment or parts.query, strict_parsing=True)
    assert all(len(values) == 1 for values in values_by_name.values())
    return {name: values[0] for name, values in values_by_name.items()}


def text_of(page: httpx.Response) -> str:
    """Return the visible text of a page."""
    return html.unescape(re.sub(r"<[^>]+>", " ", page.text))
