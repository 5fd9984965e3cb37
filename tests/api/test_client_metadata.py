"""What a client may register beside its grants (RFC 7591 section 2)."""

from typing import Any

import httpx
import pytest

from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error, assert_problem

PUBLIC_KEY = {"kty": "EC", "crv": "P-256", "x": "MKBC", "y": "4Etl", "kid": "one", "use": "sig"}
METADATA = {
    "client_uri": "https://app.example.com",
    "logo_uri": "https://app.example.com/logo.png",
    "tos_uri": "https://app.example.com/terms",
    "policy_uri": "https://app.example.com/privacy",
    "contacts": ["ops@example.com", "Zoë <zoe@example.com>"],
    "software_id": "4NRB1-0XZABZI9E6-5SM3R",
    "software_version": "2.1",
    "jwks": {"keys": [PUBLIC_KEY]},
}


async def create(app: Application, **members: Any) -> httpx.Response:
    body = {
        "client_name": app.new_name("client"),
        "redirect_uri": "http://localhost:3000/callback",
        **members,
    }
    return await app.http.post("/create_client", json=body)


async def test_registered_metadata_is_returned(app: Application) -> None:
    """RFC 7591 section 3.2.1"""
    answer = await create(app, **METADATA)

    assert answer.status_code == 201
    assert {name: answer.json()[name] for name in METADATA} == METADATA


async def test_unknown_metadata_is_ignored(app: Application) -> None:
    """RFC 7591 section 2"""
    answer = await create(app, application_type="native", **{"client_name#de": "Die App"})

    assert answer.status_code == 201


@pytest.mark.parametrize("member", ["client_uri", "logo_uri", "tos_uri", "policy_uri", "jwks_uri"])
@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)", "data:image/svg+xml,<svg/>", "file:///etc/passwd", "//example.com",
        "logo.png", "https://", "ftp://example.com/", "https://example.com/ x", "", 5,
    ],
)  # fmt: skip
async def test_metadata_uris_that_are_not_web_urls_are_refused(
    app: Application, member: str, uri: Any
) -> None:
    """SECURITY_BAR row 42"""
    answer = await create(app, **{member: uri})

    assert_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize(
    "jwks",
    [
        {"keys": [{**PUBLIC_KEY, "d": "private"}]},
        {"keys": [PUBLIC_KEY, {"kty": "RSA", "n": "n", "e": "AQAB", "p": "private"}]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"keys": "none"},
        {"keys": {"0": PUBLIC_KEY}},
        {"keys": ["text"]},
        {"keys": [None]},
        {"kids": []},
        [PUBLIC_KEY],
        "text",
    ],
)
async def test_jwks_must_be_a_set_of_public_keys(app: Application, jwks: Any) -> None:
    """SECURITY_BAR row 42; RFC 7517 section 5: the member `keys` is required"""
    answer = await create(app, jwks=jwks)

    assert_problem(answer, 422, "invalid_request")
    assert "private" not in str(answer.json()["errors"][0].get("location"))


async def test_jwks_and_jwks_uri_are_mutually_exclusive(app: Application) -> None:
    """SECURITY_BAR row 42; RFC 7591 section 2"""
    answer = await create(app, jwks={"keys": [PUBLIC_KEY]}, jwks_uri="https://example.com/jwks")

    assert_problem(answer, 422, "invalid_request")


@pytest.mark.parametrize(
    "value", ["NaN", "Infinity", "-Infinity", "1e999", '"\\ud800"', '"\\u0000"', "1" + "0" * 400]
)
async def test_unstorable_values_inside_jwks_are_stored_or_refused_cleanly(
    app: Application, value: str
) -> None:
    """SECURITY_BAR row 44"""
    name = app.new_name("client")

    answer = await app.http.post(
        "/create_client",
        content=f'{{"client_name":"{name}","redirect_uri":"http://localhost/",'
        f'"jwks":{{"keys":[{{"kty":"EC","x":{value}}}]}}}}',
        headers={"content-type": "application/json"},
    )

    assert answer.status_code in (201, 400, 422), answer.text
    if answer.status_code == 201:
        client = TestClient(answer.json()["client_id"], answer.json()["client_secret"])
        assert (await app.client_credentials(client)).status_code == 200


async def test_deeply_nested_jwks_is_refused_cleanly(app: Application) -> None:
    """SECURITY_BAR row 44"""
    answer = await app.http.post(
        "/create_client",
        content='{"client_name":"deep","jwks":' + '{"a":' * 9000 + "1" + "}" * 9001,
        headers={"content-type": "application/json"},
    )

    assert answer.status_code in (400, 422), answer.text


async def test_a_public_client_has_no_secret_and_only_public_client_grants(
    app: Application,
) -> None:
    answer = await create(app, token_endpoint_auth_method="none")

    assert answer.status_code == 201
    assert "client_secret" not in answer.json()
    assert "client_secret_expires_at" not in answer.json()
    assert answer.json()["grant_types"] == ["authorization_code", "refresh_token"]


@pytest.mark.parametrize("grant_type", ["client_credentials", "password"])
async def test_a_public_client_cannot_register_grants_that_require_a_secret(
    app: Application, grant_type: str
) -> None:
    """SECURITY_BAR row 5"""
    answer = await create(app, token_endpoint_auth_method="none", grant_types=[grant_type])

    assert_problem(answer, 422, "invalid_client_metadata")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_client_can_use_only_its_registered_authentication_method(
    app: Application, method: str
) -> None:
    """CONTRACT: a client that registered token_endpoint_auth_method uses only that"""
    client = await app.create_client(token_endpoint_auth_method=method)

    by_basic = await app.client_credentials(client)
    by_post = await app.token(
        None,
        grant_type="client_credentials",
        client_id=client.client_id,
        client_secret=client.client_secret,
    )

    right, wrong = (by_basic, by_post) if method == "client_secret_basic" else (by_post, by_basic)
    assert right.status_code == 200
    assert_oauth_error(wrong, "invalid_client", status=401)


@pytest.mark.parametrize("method", ["client_secret_jwt", "tls_client_auth", "plain", "", 5])
async def test_an_unknown_authentication_method_is_refused(app: Application, method: Any) -> None:
    answer = await create(app, token_endpoint_auth_method=method)

    assert answer.status_code == 422
    assert answer.json()["error"] in ("invalid_request", "invalid_client_metadata")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("contacts", ["x"] * 21),
        ("contacts", [""]),
        ("contacts", "ops@example.com"),
        ("redirect_uris", ["https://app.example.com/"] * 21),
        ("grant_types", ["client_credentials"] * 21),
        ("response_types", ["token"]),
        ("software_id", "x" * 201),
        ("client_name", "x" * 201),
        ("client_name", ""),
        ("client_name", None),
        ("client_name", 5),
    ],
)
async def test_invalid_or_too_long_lists_and_strings_are_refused(
    app: Application, member: str, value: Any
) -> None:
    """SECURITY_BAR row 42"""
    answer = await create(app, **{member: value})

    assert_problem(answer, 422, "invalid_request")


async def test_a_deeply_nested_jwks_is_refused_and_nothing_is_stored(app: Application) -> None:
    """SECURITY_BAR row 44"""
    nested: Any = []
    for _ in range(300):
        nested = [nested]
    name = app.new_name("client")

    refused = await create(app, client_name=name, jwks={"keys": [], "x": nested})
    accepted = await create(app, client_name=name)

    assert_problem(refused, 422, "invalid_request")
    assert accepted.status_code == 201
