"""Helpers for tests of logout."""

import base64
import html
import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from tests.support.application import TestClient
from tests.support.visitor import Visitor, answer_in

AFTER = "https://app.example/signed-out"


async def is_signed_in(visitor: Visitor, client: TestClient) -> bool:
    """Return whether the authorization endpoint responds without a page in this browser."""
    response = await visitor.authorize(client, prompt="none")
    return answer_in(response).get("error") != "login_required"


def is_question(page: httpx.Response) -> bool:
    return page.status_code == 200 and 'action="/logout/confirm' in page.text


def says_signed_out(page: httpx.Response) -> bool:
    return page.status_code == 200 and "You're signed out" in page.text


def is_error_page(page: httpx.Response) -> bool:
    return page.status_code == 400 and page.headers["content-type"].startswith("text/html")


def frames_in(page: httpx.Response) -> list[str]:
    return [html.unescape(url) for url in re.findall(r'<iframe[^>]*\ssrc="([^"]*)"', page.text)]


def policy_of(page: httpx.Response) -> dict[str, str]:
    """Return the Content-Security-Policy by directive."""
    directives = page.headers["content-security-policy"].split(";")
    parts = [directive.strip().partition(" ") for directive in directives]
    return {name: value for name, _, value in parts}


def parameters_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def decoded(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a JWT without verifying it."""
    header, claims = (json.loads(_bytes_of(part)) for part in token.split(".")[:2])
    return header, claims


def sid_of(id_token: str) -> str:
    return str(decoded(id_token)[1]["sid"])


def _bytes_of(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
