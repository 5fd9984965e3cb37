"""Dynamic client registration (RFC 7591, RFC 7592, OpenID Connect Registration 1.0)."""

import json
from typing import Any

import pytest

from tests.protocol.registering import WEB, register
from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import REDIRECT_URI, Visitor


async def test_the_response_contains_the_effective_metadata(app: Application) -> None:
    """RFC 7591 section 3.2.1"""
    answer = await register(app, client_name="App", contacts=["ops@example.com"])

    body = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert body["redirect_uris"] == [REDIRECT_URI]
    assert body["grant_types"] == ["authorization_code"]
    assert body["response_types"] == ["code"]
    assert body["token_endpoint_auth_method"] == "client_secret_basic"
    assert body["id_token_signed_response_alg"] == "RS256"
    assert body["application_type"] == "native"  # the redirect URI is on this computer
    assert body["subject_type"] == "public"
    assert body["scope"] == "openid profile email address phone offline_access"
    assert body["contacts"] == ["ops@example.com"]
    assert body["client_secret_expires_at"] == 0
    issuer = app.settings.issuer_url
    assert body["registration_client_uri"] == f"{issuer}/register/{body['client_id']}"
    assert body["registration_access_token"]


async def test_registered_client_names_need_not_be_unique(app: Application) -> None:
    """CONTRACT"""
    answers = [await register(app, client_name="The same") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]


async def test_a_registered_client_can_be_used_immediately(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    body = (await register(app)).json()
    client = TestClient(body["client_id"], body["client_secret"])

    assert "id_token" in await visitor.tokens_for(client, user, scope="openid phone")


@pytest.mark.parametrize(
    ("member", "value", "error"),
    [
        ("redirect_uris", [], "invalid_redirect_uri"),
        ("redirect_uris", ["https://app.example.com/#fragment"], "invalid_redirect_uri"),
        ("redirect_uris", ["javascript:alert(1)"], "invalid_redirect_uri"),
        ("redirect_uris", ["/relative"], "invalid_redirect_uri"),
        ("redirect_uris", ["https://user@app.example.com/"], "invalid_redirect_uri"),
        ("redirect_uris", "https://app.example.com/", "invalid_redirect_uri"),
        ("grant_types", ["implicit"], "invalid_client_metadata"),
        ("grant_types", ["password"], "invalid_client_metadata"),
        ("grant_types", ["client_credentials"], "invalid_client_metadata"),
        ("response_types", ["token"], "invalid_client_metadata"),
        ("response_types", ["code id_token"], "invalid_client_metadata"),
        ("token_endpoint_auth_method", "client_secret_jwt", "invalid_client_metadata"),
        ("token_endpoint_auth_method", "private_key_jwt", "invalid_client_metadata"),
        ("id_token_signed_response_alg", "none", "invalid_client_metadata"),
        ("id_token_signed_response_alg", "HS256", "invalid_client_metadata"),
        ("userinfo_signed_response_alg", "none", "invalid_client_metadata"),
        ("request_object_signing_alg", "none", "invalid_client_metadata"),
        ("id_token_encrypted_response_alg", "RSA-OAEP", "invalid_client_metadata"),
        ("logo_uri", "javascript:alert(1)", "invalid_client_metadata"),
        ("policy_uri", "data:text/html,x", "invalid_client_metadata"),
        ("initiate_login_uri", "http://app.example.com/", "invalid_client_metadata"),
        ("sector_identifier_uri", "http://app.example.com/", "invalid_client_metadata"),
        ("subject_type", "secret", "invalid_client_metadata"),
        ("application_type", "desktop", "invalid_client_metadata"),
        ("default_max_age", -1, "invalid_client_metadata"),
        ("jwks", {"keys": [{"kty": "RSA", "d": "secret"}]}, "invalid_client_metadata"),
        ("jwks", {"keys": [{"kty": "oct", "k": "secret"}]}, "invalid_client_metadata"),
        ("client_name", "a\u0000b", "invalid_client_metadata"),
        ("client_name#de", "\ud800", "invalid_client_metadata"),
        ("client_uri#de", "javascript:alert(1)", "invalid_client_metadata"),
        ("scope", 'openid "quoted"', "invalid_client_metadata"),
        ("post_logout_redirect_uris", ["javascript:alert(1)"], "invalid_client_metadata"),
    ],
    ids=lambda value: str(value)[:50].encode("unicode_escape").decode(),
)
async def test_invalid_metadata_is_refused(
    app: Application, member: str, value: Any, error: str
) -> None:
    """SECURITY_BAR row 42; RFC 7591 section 3.2.2: the description names the member"""
    body = json.dumps({"redirect_uris": [WEB], member: value})
    answer = await app.http.post(
        "/register", content=body, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"] == error
    description = answer.json()["error_description"]
    named = (
        "jwks or jwks_uri"
        if value == "private_key_jwt"
        else member.partition("#")[0].removesuffix("s")
    )
    assert named in description
    assert description.isascii()
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("member", "value", "hint"),
    [
        ("token_endpoint_auth_method", "client_secret_jwt", "client_secret_post, none"),
        ("id_token_signed_response_alg", "HS256", "ES256"),
        ("grant_types", ["implicit"], "grant_types_supported"),
        ("response_types", ["token"], "Use code"),
        ("id_token_encrypted_response_alg", "RSA-OAEP", "Leave it out"),
        ("application_type", "desktop", "native"),
        ("jwks_uri", "https://10.0.0.1/keys", "public address"),
        ("client_uri#de", "javascript:alert(1)", "must be an http or https URL"),
        ("redirect_uris", ["https://app.example.com/#fragment"], "must not have a fragment"),
    ],
)
async def test_the_description_says_how_to_fix_the_member(
    app: Application, member: str, value: Any, hint: str
) -> None:
    answer = await register(app, **{"redirect_uris": [WEB], member: value})

    assert answer.status_code == 400, answer.text
    assert hint in answer.json()["error_description"]


@pytest.mark.parametrize("body", [b"", b"nothing", b"[]", b'"x"', b"{", b"[" * 30_000, b"\xff"])
async def test_a_body_that_is_not_a_metadata_object_is_refused(
    app: Application, body: bytes
) -> None:
    """SECURITY_BAR rows 42 and 44"""
    answer = await app.http.post(
        "/register", content=body, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 400
    assert answer.json()["error"] in ("invalid_client_metadata", "invalid_redirect_uri")


async def test_a_megabyte_of_metadata_is_refused(app: Application) -> None:
    """SECURITY_BAR row 42"""
    answer = await register(app, client_name="x" * 1_000_000)

    assert answer.status_code == 413


async def test_jwks_and_jwks_uri_are_mutually_exclusive(app: Application) -> None:
    """SECURITY_BAR row 42"""
    answer = await register(app, jwks={"keys": []}, jwks_uri="https://app.example.com/jwks")

    assert answer.json()["error"] == "invalid_client_metadata"


async def test_a_client_cannot_set_its_own_credentials_or_trust(app: Application) -> None:
    """SECURITY_BAR row 41: mass assignment"""
    answer = await register(
        app, client_id="admin", client_secret="mine", trust="first_party", disabled_at=None,
        unique_name="x", registration_access_token="mine", is_admin=True,
    )  # fmt: skip

    body = answer.json()
    assert len(body["client_id"]) == 24
    assert body["client_secret"] != "mine"
    assert body["registration_access_token"] != "mine"
    assert not body.keys() & {"trust", "disabled_at", "unique_name", "is_admin"}


async def test_names_in_other_languages_are_stored(app: Application) -> None:
    """RFC 7591 section 2.2"""
    answer = await register(app, **{"client_name": "App", "client_name#de": "Anwendung"})

    assert answer.json()["client_name#de"] == "Anwendung"
