"""Metadata that means harm, or cannot be (RFC 7591 section 3.2.2)."""

import json
from typing import Any

import pytest

from tests.protocol.registering import PUBLIC_KEY, WEB, register
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error


async def post(app: Application, body: str | bytes) -> Any:
    headers = {"content-type": "application/json"}
    return await app.http.post("/register", content=body, headers=headers)


HOSTILE: list[tuple[str, Any]] = [
    ("client_name", "safe\u202eevil"),
    ("client_name", "\u2066x\u2069"),
    ("client_name", "x\u0007"),
    ("client_name", "x\ud800"),
    ("client_name", "x" * 201),
    ("client_name", ["x"]),
    ("client_name#de", "safe\u202eevil"),
    ("client_name#de", 5),
    ("client_name#\u0000", "x"),
    ("logo_uri", "https://app.example.com@evil.example/"),
    ("logo_uri", "https://[::1/"),
    ("logo_uri", "\thttps://app.example.com/"),
    ("logo_uri#de", "data:image/svg+xml,<svg onload=alert(1)>"),
    ("policy_uri", "JaVaScRiPt:alert(1)"),
    ("policy_uri", "javascript://app.example.com/%0aalert(1)"),
    ("tos_uri", "vbscript:x"),
    ("client_uri", "https://app.example.com/\u0000"),
    ("contacts", ["ops@example.com\ud800"]),
    ("jwks_uri", "file:///etc/passwd"),
    ("jwks", {"keys": [{**PUBLIC_KEY, "d": "own-part"}]}),
    ("jwks", {"keys": [PUBLIC_KEY, {"kty": "OKP", "crv": "Ed25519", "x": "x", "d": "own-part"}]}),
    ("jwks", {"keys": [{"kty": "RSA", "n": "n", "e": "AQAB", "oth": []}]}),
    ("jwks", {"keys": [{"kty": "AKP", "alg": "ML-DSA-44", "pub": "x", "priv": "own-part"}]}),
    ("jwks", {"keys": "none"}),
    ("jwks", "text"),
    ("jwks", {"keys": [{**PUBLIC_KEY, "kid": "\ud800"}]}),
    ("request_uris", ["javascript:alert(1)"]),
    ("post_logout_redirect_uris", ["https://app.example.com/#fragment"]),
    ("post_logout_redirect_uris", ["data:text/html,x"]),
    ("backchannel_logout_uri", "https://app.example.com/#fragment"),
    ("backchannel_logout_uri", "javascript:alert(1)"),
    ("frontchannel_logout_uri", "https://elsewhere.example/logout"),
    ("initiate_login_uri", "javascript:alert(1)"),
    ("sector_identifier_uri", "javascript:alert(1)"),
    ("default_max_age", "soon"),
    ("default_max_age", 10**400),
    ("require_auth_time", "perhaps"),
    ("grant_types", "authorization_code"),
    ("grant_types", ["x\u0000"]),
    ("response_types", [["code"]]),
    ("token_endpoint_auth_method", "tls_client_auth"),
    ("token_endpoint_auth_signing_alg", "HS256"),
    ("userinfo_encrypted_response_alg", "RSA-OAEP"),
    ("scope", ["openid"]),
    ("scope", "openid \ud800"),
    ("scope", "openid  profile"),
    ("scope", "x" * 1001),
]


@pytest.mark.parametrize(("member", "value"), HOSTILE, ids=lambda value: ascii(value)[:60])
async def test_hostile_metadata_is_refused(app: Application, member: str, value: Any) -> None:
    """SECURITY_BAR rows 42 and 44"""
    answer = await post(app, json.dumps({"redirect_uris": [WEB], member: value}))

    assert_oauth_error(answer, "invalid_client_metadata")
    assert "own-part" not in answer.text
    assert "evil" not in answer.text


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "//app.example.com/callback",
        "https://",
        "https://*.example.com/callback",
        "https://app.example.com;script-src/",
        "https://app.example.com\\@evil.example/",
        "https://good@evil.example/callback",
        "https://app.example.com/#",
        "https://app.example.com/\r\nSet-Cookie: a=b",
        "https://app.example.com/ x",
        "https://app.example.com:99999/",
        "https://b\u00fccher.example/",
        "https://app.example.com/\u0000",
        "https://app.example.com/\ud800",
        f"https://{'a' * 300}.example/",
        f"https://app.example.com/{'a' * 2000}",
        "JAVASCRIPT:alert(1)",
        "java\tscript:alert(1)",
        "filesystem:https://app.example.com/x",
        "view-source:https://app.example.com/",
        "about:blank",
        5,
        None,
        {},
    ],
    ids=lambda value: ascii(value)[:60],
)
async def test_hostile_redirect_uris_are_refused(app: Application, uri: Any) -> None:
    """SECURITY_BAR rows 26 and 44; RFC 7591 section 3.2.2"""
    alone = await post(app, json.dumps({"redirect_uris": [uri]}))
    beside = await post(app, json.dumps({"redirect_uris": [WEB, uri]}))

    for answer in (alone, beside):
        assert_oauth_error(answer, "invalid_redirect_uri")
        assert "evil" not in answer.text


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_only_a_json_content_type_is_accepted(app: Application, content_type: str) -> None:
    """RFC 7591 section 3.1; a form of another site cannot send it"""
    answer = await app.http.post(
        "/register",
        content=json.dumps({"redirect_uris": [WEB]}),
        headers={"content-type": content_type},
    )

    assert_oauth_error(answer, "invalid_client_metadata")


async def test_a_json_content_type_may_have_a_charset(app: Application) -> None:
    answer = await app.http.post(
        "/register",
        content=json.dumps({"redirect_uris": [WEB]}),
        headers={"content-type": "Application/JSON; charset=utf-8"},
    )

    assert answer.status_code == 201


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 5000])
async def test_invalid_json_numbers_are_refused(app: Application, number: str) -> None:
    """SECURITY_BAR row 44"""
    in_keys = await post(app, f'{{"redirect_uris":["{WEB}"],"jwks":{{"keys":[{{"x":{number}}}]}}}}')
    alone = await post(app, f'{{"redirect_uris":["{WEB}"],"default_max_age":{number}}}')

    for answer in (in_keys, alone):
        assert_oauth_error(answer, "invalid_client_metadata")


async def test_a_megabyte_is_refused_with_an_oauth_error(app: Application) -> None:
    """SECURITY_BAR row 42"""
    answer = await register(app, contacts=["x" * 100] * 10_000)

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"error", "error_description"}
