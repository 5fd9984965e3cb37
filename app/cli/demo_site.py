"""The web server of the client of `postern demo --browser`, on a loopback address."""

import json
import secrets
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from app.cli.demo_client import DemoClient, DemoError, SignIn
from app.cli.demo_pages import DemoUser, error_page, result_page, start_page
from app.cli.demo_steps import Authenticator
from app.pages.support.assets import STATIC, assets_of
from app.settings import Settings

LOOPBACK = "127.0.0.1"
STATE_COOKIE, RESULT_COOKIE = "demo_state", "demo_result"
MOST_RESULTS = 100
POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src data:;"
    " frame-ancestors 'none'; base-uri 'none'"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; `cookies` are values by name, and "" deletes a cookie."""

    content: str | bytes = ""
    media_type: str = "text/html; charset=utf-8"
    status: int = 200
    location: str | None = None
    cookies: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class DemoSite:
    """The pages by path, and what the browsers that visit them know."""

    client: DemoClient
    user: DemoUser
    authenticator: Authenticator
    files: dict[str, Answer]
    results: OrderedDict[str, SignIn] = field(default_factory=OrderedDict)

    def answer(self, path: str, query: dict[str, str], cookies: dict[str, str]) -> Answer:
        match path:
            case "/":
                return Answer(start_page(self.user, code=self.authenticator.code()))
            case "/code":
                body = json.dumps({"code": self.authenticator.code()})
                return Answer(body, "application/json")
            case "/sign-in":
                url, state = self.client.begin()
                return _redirect(url, {STATE_COOKIE: state})
            case "/callback":
                return self._callback(query, cookies)
            case "/result":
                return self._result(cookies)
            case "/sign-out":
                return self._sign_out(cookies)
        return self.files.get(path) or Answer(error_page("There is no such page."), status=404)

    def _callback(self, query: dict[str, str], cookies: dict[str, str]) -> Answer:
        try:
            signed_in = self.client.finish(query, state=cookies.get(STATE_COOKIE, ""))
        except DemoError as error:
            return Answer(error_page(str(error)), status=400, cookies={STATE_COOKIE: ""})
        self.authenticator.mark_used()
        key = secrets.token_urlsafe(32)
        self.results[key] = signed_in
        while len(self.results) > MOST_RESULTS:
            self.results.popitem(last=False)
        return _redirect("/result", {STATE_COOKIE: "", RESULT_COOKIE: key})

    def _result(self, cookies: dict[str, str]) -> Answer:
        signed_in = self.results.get(cookies.get(RESULT_COOKIE, ""))
        if signed_in is None:
            return _redirect("/")
        return Answer(result_page(signed_in, account_url=self.client.account_url))

    def _sign_out(self, cookies: dict[str, str]) -> Answer:
        signed_in = self.results.pop(cookies.get(RESULT_COOKIE, ""), None)
        url = self.client.sign_out_url(signed_in) if signed_in is not None else "/"
        return _redirect(url, {RESULT_COOKIE: ""})


def _redirect(location: str, cookies: dict[str, str] | None = None) -> Answer:
    return Answer(status=303, location=location, cookies=cookies or {})


def files_of(settings: Settings) -> dict[str, Answer]:
    """Return the style and the scripts of the pages."""
    assets = assets_of(settings)
    return {
        "/postern.css": Answer(assets["postern.css"].content, "text/css"),
        "/postern.js": Answer(assets["postern.js"].content, "text/javascript"),
        "/demo.js": Answer((STATIC / "demo.js").read_bytes(), "text/javascript"),
        "/favicon.ico": Answer((STATIC / "favicon.svg").read_bytes(), "image/svg+xml"),
    }


class LoopbackServer(ThreadingHTTPServer):
    """A server that is bound before its pages exist, because their client needs its address."""

    daemon_threads = True
    site: DemoSite

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.host = f"{LOOPBACK}:{self.server_address[1]}"
        self.url = f"http://{self.host}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report an error of a request, but not that a browser has closed its connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    @contextmanager
    def serving(self, site: DemoSite) -> Iterator[None]:
        self.site = site
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: LoopbackServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if self.headers.get("Host") != self.server.host:  # DNS rebinding
            answer = Answer("Misdirected request", "text/plain", status=421)
        else:
            answer = self.server.site.answer(
                parts.path, dict(parse_qsl(parts.query)), self._cookies()
            )
        self._send(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name above
        """Print nothing, so that the terminal shows only the address."""

    def _cookies(self) -> dict[str, str]:
        try:
            cookies = SimpleCookie(self.headers.get("Cookie", ""))
        except CookieError:
            return {}
        return {name: morsel.value for name, morsel in cookies.items()}

    def _send(self, answer: Answer) -> None:
        content = answer.content.encode() if isinstance(answer.content, str) else answer.content
        self.send_response(answer.status)
        if answer.location is not None:
            self.send_header("Location", answer.location)
        for name, value in answer.cookies.items():
            age = "" if value else "; Max-Age=0"
            self.send_header("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}")
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)
