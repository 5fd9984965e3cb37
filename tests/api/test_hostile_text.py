"""Hostile text in every field of every JSON body is stored or refused cleanly, never a 500."""

import json
from typing import Any

import httpx
import pytest

from tests.support.application import NO_LIMITS, PASSWORD, Application

pytestmark = pytest.mark.both_databases

APP_SETTINGS = NO_LIMITS
HOSTILE = {
    "nul": "a\x00b",
    "only nul": "\x00",
    "a lone high surrogate": "a\ud800b",
    "a lone low surrogate": "\udfff",
    "reversed surrogates": "\udc00\ud800",
    "sql": "'; DROP TABLE users; --",
    "more sql": '" OR 1=1 /* \\',
    "wildcards": "%_%",
    "placeholders": "$1 :name ? %(name)s {0}",
    "right to left": "\u202eemanresu\u202c",
    "hebrew": "\u05d0\u05d1\u05d2",
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "combining marks": "Z\u0351\u036b\u0343" * 20,
    "line breaks": "a\r\nSet-Cookie: b=c",
    "separators": "a\u2028b\u2029c",
    "escapes": "\x1b[31mred\x07",
    "noncharacters": "\ufffe\uffff\U0010ffff",
    "private use": "\ue000",
    "markup": "<script>alert(1)</script>",
    "template": "{{7*7}}${7*7}",
    "path": "../../etc/passwd\x00.png",
    "format": "%s%n%x",
    "spaces": "   ",
    "empty": "",
    "ten kilobytes": "x" * 10_000,
    "ten kilobytes of wide characters": "\u5b89" * 3_000,
}
FIELDS: dict[str, dict[str, Any]] = {
    "/register_user": {"username": "somebody", "password": PASSWORD},
    "/enroll_otp": {"username": "somebody", "password": PASSWORD},
    "/verify_otp": {"username": "somebody", "code": "123456"},
    "/create_client": {
        "client_name": "app",
        "redirect_uri": "http://localhost:3000/callback",
        "redirect_uris": ["http://localhost:3000/callback"],
        "grant_types": ["client_credentials"],
        "response_types": ["code"],
        "scope": "profile",
        "token_endpoint_auth_method": "client_secret_basic",
        "client_uri": "https://example.com",
        "logo_uri": "https://example.com",
        "tos_uri": "https://example.com",
        "policy_uri": "https://example.com",
        "jwks_uri": "https://example.com",
        "contacts": ["ops@example.com"],
        "software_id": "one",
        "software_version": "two",
    },
}
CLEAN = {200, 201, 400, 401, 409, 422}


async def post(app: Application, path: str, body: Any) -> httpx.Response:
    """Sends surrogates as escapes, as an attacker would: they have no form in UTF-8."""
    return await app.http.post(
        path,
        content=json.dumps(body).encode("ascii"),
        headers={"content-type": "application/json"},
    )


def assert_clean(answer: httpx.Response, path: str) -> None:
    assert answer.status_code in CLEAN, (path, answer.status_code, answer.text)
    assert answer.headers["content-type"] in ("application/json", "application/problem+json")
    assert isinstance(answer.json(), dict)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("path", FIELDS)
async def test_every_text_field_accepts_or_cleanly_refuses_hostile_text(
    app: Application, path: str, text: str
) -> None:
    """SECURITY_BAR row 44"""
    name = "client_name" if path == "/create_client" else "username"
    for field, good in FIELDS[path].items():
        body = {**FIELDS[path], name: app.new_name()}
        body[field] = [text] if isinstance(good, list) else text

        answer = await post(app, path, body)

        assert_clean(answer, f"{path} {field}")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("path", FIELDS)
async def test_hostile_member_names_are_accepted_or_cleanly_refused(
    app: Application, path: str, text: str
) -> None:
    """SECURITY_BAR row 44"""
    name = "client_name" if path == "/create_client" else "username"

    answer = await post(app, path, {**FIELDS[path], name: app.new_name(), text: text})

    assert_clean(answer, path)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_text_in_jwks_is_accepted_or_cleanly_refused(
    app: Application, text: str
) -> None:
    """SECURITY_BAR row 44"""
    for jwks in ({"keys": [{"kty": "EC", "kid": text}]}, {"keys": [{text: "x"}]}, {text: 1}):
        body = {**FIELDS["/create_client"], "client_name": app.new_name(), "jwks": jwks}
        del body["jwks_uri"]

        answer = await post(app, "/create_client", body)

        assert_clean(answer, "/create_client jwks")


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_text_is_stored_unchanged_or_refused(app: Application, text: str) -> None:
    """SECURITY_BAR row 44"""
    body = {**FIELDS["/create_client"], "client_name": app.new_name(), "contacts": [text]}

    answer = await post(app, "/create_client", body)

    assert answer.status_code == 422 or answer.json()["contacts"] == [text]


async def test_the_server_still_works_after_hostile_text(app: Application) -> None:
    client, user = await app.create_client(), await app.enrolled_user()

    assert (await app.password_grant(client, user)).status_code == 200
