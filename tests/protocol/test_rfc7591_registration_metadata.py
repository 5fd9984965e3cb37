"""What a client may say of itself (RFC 7591 section 2, OpenID Connect Registration section 2)."""

import json
from typing import Any

import pytest

from tests.protocol.registering import PUBLIC_KEY, WEB, register, registered
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


async def post(app: Application, body: str | bytes) -> Any:
    headers = {"content-type": "application/json"}
    return await app.http.post("/register", content=body, headers=headers)


async def test_all_supported_metadata_is_returned(app: Application) -> None:
    """RFC 7591 section 3.2.1"""
    made = await registered(app, redirect_uris=[WEB], **EVERYTHING)

    assert {name: made.get(name) for name in EVERYTHING} == EVERYTHING
    assert "client_secret" not in made
    assert "client_secret_expires_at" not in made


async def test_create_client_supports_the_same_metadata(app: Application) -> None:
    """CONTRACT: any RFC 7591 metadata"""
    body = {**EVERYTHING, "client_name": app.new_name(), "redirect_uri": WEB}

    answer = await app.http.post("/create_client", json=body)

    assert answer.status_code == 201
    assert {name: answer.json().get(name) for name in EVERYTHING} == {
        name: body[name] for name in EVERYTHING
    }


async def test_unsupported_metadata_is_ignored(app: Application) -> None:
    """RFC 7591 section 2"""
    unknown = {
        "software_statement": "x.y.z",
        "request_object_encryption_alg": "RSA-OAEP",
        "something": {"deep": [1, None]},
        "something#de": "x",
    }

    made = await registered(app, **unknown)

    assert not unknown.keys() & made.keys()


async def test_null_is_treated_as_absent(app: Application) -> None:
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
async def test_grant_and_response_types_are_aligned(
    app: Application, asked: dict[str, Any], grant_types: list[str], response_types: list[str]
) -> None:
    """RFC 7591 section 2.1"""
    made = await registered(app, **asked)

    assert made["grant_types"] == grant_types
    assert made["response_types"] == response_types


async def test_inconsistent_grant_and_response_types_are_refused(
    app: Application,
) -> None:
    """RFC 7591 section 2.1"""
    answer = await register(app, grant_types=["refresh_token"], response_types=["code"])

    assert_oauth_error(answer, "invalid_client_metadata")


async def test_a_device_client_needs_no_redirect_uri(app: Application) -> None:
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
async def test_a_private_key_jwt_client_registers_keys_and_gets_no_secret(
    app: Application, keys: dict[str, Any]
) -> None:
    """OpenID Connect Core section 9"""
    made = await registered(app, token_endpoint_auth_method="private_key_jwt", **keys)

    assert "client_secret" not in made


async def test_a_client_name_is_html_escaped_on_pages(app: Application, visitor: Visitor) -> None:
    """SECURITY_BAR row 31"""
    made = await registered(app, client_name="<b>Bold</b> & 'quoted'")

    page = await visitor.authorize(TestClient(made["client_id"], ""), redirect_uri=REDIRECT_URI)

    assert "<b>" not in page.text
    assert "<b>Bold</b> & 'quoted'" in text_of(page)


async def test_a_client_without_a_name_is_unnamed_and_shown_with_its_id(
    app: Application, visitor: Visitor
) -> None:
    """A client must not choose the host under which a user knows it"""
    made = await registered(app)

    page = await visitor.authorize(TestClient(made["client_id"], ""))

    assert "client_name" not in made
    assert f"Unnamed app ({made['client_id']})" in text_of(page)
