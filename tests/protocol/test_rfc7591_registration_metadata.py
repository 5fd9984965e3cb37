"""What a client may say of itself (RFC 7591 section 2, OpenID Connect Registration section 2)."""

import json
from typing import Any

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.protocol.registering import PRODUCTION, PUBLIC_KEY, WEB, register, registered
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.visitor import REDIRECT_URI, Visitor, text_of

EVERYTHING = {
    "application_type": "native",
    "client_name": "App",
    "client_name#de": "Anwendung",
    "client_uri": "https://app.example.com",
    "client_uri#de": "https://app.example.com/de",
    "logo_uri": "https://app.example.com/logo.png",
    "policy_uri": "https://app.example.com/privacy",
    "tos_uri": "https://app.example.com/terms",
    "contacts": ["ops@example.com"],
    "software_id": "4NRB1-0XZABZI9E6-5SM3R",
    "software_version": "2.1",
    "scope": "openid profile",
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "private_key_jwt",
    "token_endpoint_auth_signing_alg": "ES256",
    "jwks": {"keys": [PUBLIC_KEY]},
    "subject_type": "public",
    "id_token_signed_response_alg": "ES256",
    "userinfo_signed_response_alg": "EdDSA",
    "request_object_signing_alg": "PS256",
    "request_uris": ["https://app.example.com/request#c0ffee"],
    "require_signed_request_object": True,
    "require_pushed_authorization_requests": True,
    "default_max_age": 3600,
    "require_auth_time": True,
    "default_acr_values": ["urn:postern:acr:mfa"],
    "initiate_login_uri": "https://app.example.com/login",
    "post_logout_redirect_uris": ["https://app.example.com/bye"],
    "backchannel_logout_uri": "https://app.example.com/backchannel",
    "backchannel_logout_session_required": True,
    "frontchannel_logout_uri": "https://app.example.com/frontchannel",
    "frontchannel_logout_session_required": False,
}


@pytest_asyncio.fixture
async def strict_app(start_app: AppFactory) -> Application:
    """Open, and in production."""
    return await start_app(**PRODUCTION, dynamic_registration="open")


async def post(app: Application, body: str | bytes) -> Any:
    headers = {"content-type": "application/json"}
    return await app.http.post("/register", content=body, headers=headers)


async def test_everything_that_was_understood_comes_back(app: Application) -> None:
    """RFC 7591 section 3.2.1"""
    made = await registered(app, redirect_uris=[WEB], **EVERYTHING)

    assert {name: made.get(name) for name in EVERYTHING} == EVERYTHING
    assert "client_secret" not in made
    assert "client_secret_expires_at" not in made


async def test_create_client_understands_the_same(app: Application) -> None:
    """CONTRACT: any RFC 7591 metadata"""
    body = {**EVERYTHING, "client_name": app.new_name(), "redirect_uri": WEB}

    answer = await app.http.post("/create_client", json=body)

    assert answer.status_code == 201
    assert {name: answer.json().get(name) for name in EVERYTHING} == {
        name: body[name] for name in EVERYTHING
    }


async def test_what_is_not_understood_is_ignored(app: Application) -> None:
    """RFC 7591 section 2"""
    unknown = {
        "software_statement": "x.y.z",
        "request_object_encryption_alg": "RSA-OAEP",
        "something": {"deep": [1, None]},
        "something#de": "x",
        "tls_client_auth_subject_dn": "CN=x",
    }

    made = await registered(app, **unknown)

    assert not unknown.keys() & made.keys()


async def test_null_is_the_same_as_nothing(app: Application) -> None:
    """RFC 7592 section 2.2, and what serializers of clients send"""
    body = dict.fromkeys([*EVERYTHING, "jwks_uri", "sector_identifier_uri", "client_id"])
    answer = await post(app, json.dumps({**body, "redirect_uris": [WEB]}))

    assert answer.status_code == 201, answer.text
    assert answer.json()["grant_types"] == ["authorization_code"]
    assert answer.json()["token_endpoint_auth_method"] == "client_secret_basic"
    assert None not in answer.json().values()


@pytest.mark.parametrize(
    ("asked", "grant_types", "response_types"),
    [
        ({}, ["authorization_code"], ["code"]),
        ({"grant_types": []}, ["authorization_code"], ["code"]),
        ({"response_types": []}, ["authorization_code"], ["code"]),
        (
            {"grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]},
            ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
            [],
        ),
        (
            {"grant_types": ["refresh_token"], "response_types": []},
            ["refresh_token"],
            [],
        ),
        (
            {"grant_types": ["authorization_code"] * 2, "response_types": ["code"] * 2},
            ["authorization_code"],
            ["code"],
        ),
    ],
)
async def test_grants_and_response_types_agree(
    app: Application, asked: dict[str, Any], grant_types: list[str], response_types: list[str]
) -> None:
    """RFC 7591 section 2.1"""
    made = await registered(app, **asked)

    assert made["grant_types"] == grant_types
    assert made["response_types"] == response_types


async def test_grants_and_response_types_that_contradict_each_other_are_refused(
    app: Application,
) -> None:
    """RFC 7591 section 2.1"""
    answer = await register(app, grant_types=["refresh_token"], response_types=["code"])

    assert_oauth_error(answer, "invalid_client_metadata")


async def test_a_device_needs_no_redirect_uri(app: Application) -> None:
    """RFC 8628 section 3.1"""
    device = "urn:ietf:params:oauth:grant-type:device_code"

    made = await registered(app, redirect_uris=None, grant_types=[device])
    client = TestClient(made["client_id"], made["client_secret"])
    answer = await app.http.post("/device_authorization", auth=client.auth)

    assert made["redirect_uris"] == []
    assert answer.status_code == 200


async def test_a_public_client_gets_no_secret(app: Application) -> None:
    """RFC 7591 section 2"""
    made = await registered(app, token_endpoint_auth_method="none")

    assert not {"client_secret", "client_secret_expires_at"} & made.keys()


@pytest.mark.parametrize(
    "keys",
    [
        {"jwks": {"keys": [PUBLIC_KEY]}},
        {"jwks_uri": "https://app.example.com/jwks"},
    ],
)
async def test_who_signs_brings_keys(app: Application, keys: dict[str, Any]) -> None:
    """OpenID Connect Core section 9"""
    made = await registered(app, token_endpoint_auth_method="private_key_jwt", **keys)

    assert "client_secret" not in made


HOSTILE: list[tuple[str, Any]] = [
    ("client_name", "safe\u202eevil"),
    ("client_name", "\u2066x\u2069"),
    ("client_name", "x\u0007"),
    ("client_name", "x\ud800"),
    ("client_name", ""),
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
    ("jwks", {"keys": [{**PUBLIC_KEY, "d": "private"}]}),
    ("jwks", {"keys": [PUBLIC_KEY, {"kty": "OKP", "crv": "Ed25519", "x": "x", "d": "private"}]}),
    ("jwks", {"keys": [{"kty": "RSA", "n": "n", "e": "AQAB", "oth": []}]}),
    ("jwks", {"keys": [{"kty": "AKP", "alg": "ML-DSA-44", "pub": "x", "priv": "private"}]}),
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
    assert "private" not in answer.text
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
async def test_only_json_is_metadata(app: Application, content_type: str) -> None:
    """RFC 7591 section 3.1; a form of another site cannot send it"""
    answer = await app.http.post(
        "/register",
        content=json.dumps({"redirect_uris": [WEB]}),
        headers={"content-type": content_type},
    )

    assert_oauth_error(answer, "invalid_client_metadata")


async def test_json_may_name_its_charset(app: Application) -> None:
    answer = await app.http.post(
        "/register",
        content=json.dumps({"redirect_uris": [WEB]}),
        headers={"content-type": "Application/JSON; charset=utf-8"},
    )

    assert answer.status_code == 201


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" + "0" * 5000])
async def test_numbers_that_json_does_not_have_are_refused(app: Application, number: str) -> None:
    """SECURITY_BAR row 44"""
    in_keys = await post(app, f'{{"redirect_uris":["{WEB}"],"jwks":{{"keys":[{{"x":{number}}}]}}}}')
    alone = await post(app, f'{{"redirect_uris":["{WEB}"],"default_max_age":{number}}}')

    for answer in (in_keys, alone):
        assert_oauth_error(answer, "invalid_client_metadata")


async def test_a_megabyte_is_refused_in_the_words_of_the_protocol(app: Application) -> None:
    """SECURITY_BAR row 42"""
    answer = await register(app, contacts=["x" * 100] * 10_000)

    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"error", "error_description"}


@pytest.mark.parametrize(
    ("member", "value", "error"),
    [
        ("redirect_uris", ["https://127.0.0.1/callback"], "invalid_redirect_uri"),
        ("redirect_uris", ["https://[::1]/callback"], "invalid_redirect_uri"),
        ("redirect_uris", [WEB, "http://app.example.com/callback"], "invalid_redirect_uri"),
        ("jwks_uri", "http://app.example.com/jwks", "invalid_client_metadata"),
        ("request_uris", ["http://app.example.com/request"], "invalid_client_metadata"),
    ],
)
async def test_production_is_stricter(
    strict_app: Application, member: str, value: Any, error: str
) -> None:
    """SECURITY_BAR row 42; OpenID Connect Registration section 2"""
    answer = await register(strict_app, **{"redirect_uris": [WEB], member: value})

    assert_oauth_error(answer, error)


@pytest.mark.parametrize("scheme", ["myapp", "intent", "mailto", "ftp", "ws"])
async def test_a_scheme_of_an_app_has_a_domain_in_it(strict_app: Application, scheme: str) -> None:
    """RFC 8252 section 8.4"""
    answer = await register(
        strict_app, application_type="native", redirect_uris=[f"{scheme}:/callback"]
    )

    assert_oauth_error(answer, "invalid_redirect_uri")


async def test_a_name_is_text_on_our_pages(app: Application, visitor: Visitor) -> None:
    """SECURITY_BAR row 31"""
    made = await registered(app, client_name="<b>Bold</b> & 'quoted'")

    page = await visitor.authorize(TestClient(made["client_id"], ""), redirect_uri=REDIRECT_URI)

    assert "<b>" not in page.text
    assert "<b>Bold</b> & 'quoted'" in text_of(page)


async def test_who_gave_no_name_is_called_by_its_address(
    app: Application, visitor: Visitor
) -> None:
    """PAGES: the host of the redirect is what a person can check"""
    made = await registered(app)

    page = await visitor.authorize(TestClient(made["client_id"], ""))

    assert "client_name" not in made
    assert "Sign in to localhost:3000" in text_of(page)
