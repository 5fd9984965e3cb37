"""Clients that registered `private_key_jwt`, and what the metadata says of it (RFC 7591, 8414)."""

import pytest
import pytest_asyncio

from app.errors import InvalidInputError
from tests.protocol.assertions_of_clients import SigningClient, signing_client
from tests.support.administration import rotate_secret
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import jwks, signing_key
from tests.support.parts import services_of


@pytest_asyncio.fixture
async def signer(app: Application) -> SigningClient:
    return await signing_client(app)


async def test_a_private_key_jwt_client_cannot_use_another_method(
    app: Application, signer: SigningClient
) -> None:
    """It has no secret, and is not public either."""
    by_name = await app.token(
        None, grant_type="refresh_token", refresh_token="x", client_id=signer.client_id
    )
    without_secret = await app.client_credentials(TestClient(signer.client_id, ""))
    by_form = await app.token(
        None, grant_type="client_credentials", client_id=signer.client_id, client_secret="secret"
    )

    for answer in (by_name, without_secret, by_form):
        assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize("method", [None, "client_secret_basic", "client_secret_post", "none"])
async def test_a_client_with_keys_and_another_method_cannot_use_private_key_jwt(
    app: Application, method: str | None
) -> None:
    """RFC 7591 section 2: a client uses the method that it registered"""
    key = signing_key()
    made = await app.create_client(jwks=jwks(key), token_endpoint_auth_method=method)

    answer = await SigningClient(app, made.client_id, key).token()

    assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize("registered", ["RS256", "PS256"])
async def test_only_the_registered_algorithm_is_accepted(app: Application, registered: str) -> None:
    """OpenID Connect Registration section 2: `token_endpoint_auth_signing_alg`"""
    key = signing_key("RS256")
    signer = await signing_client(app, key, token_endpoint_auth_signing_alg=registered)

    answer = await signer.token()

    assert answer.status_code == (200 if registered == "RS256" else 401)


async def test_the_metadata_lists_the_supported_signing_algorithms(app: Application) -> None:
    """RFC 8414 section 2, OpenID Connect Discovery section 3: no `none`, nothing symmetric"""
    metadata = (await app.http.get("/.well-known/openid-configuration")).json()

    assert "private_key_jwt" in metadata["token_endpoint_auth_methods_supported"]
    assert "client_secret_jwt" not in metadata["token_endpoint_auth_methods_supported"]
    for what in ("token_endpoint_auth", "introspection_endpoint_auth", "request_object"):
        algorithms = metadata[f"{what}_signing_alg_values_supported"]
        assert algorithms == ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
    assert metadata["request_parameter_supported"] is True
    assert metadata["request_uri_parameter_supported"] is True
    assert metadata["require_request_uri_registration"] is True


async def test_a_private_key_jwt_client_must_register_its_keys(app: Application) -> None:
    """RFC 7591 section 2"""
    answer = await app.http.post(
        "/create_client",
        json={
            "client_name": app.new_name(),
            "redirect_uri": "https://client.example/callback",
            "token_endpoint_auth_method": "private_key_jwt",
        },
    )

    assert answer.status_code == 422


async def test_client_secret_jwt_cannot_be_registered(app: Application) -> None:
    """docs/decisions/0006"""
    answer = await app.http.post(
        "/create_client",
        json={
            "client_name": app.new_name(),
            "redirect_uri": "https://client.example/callback",
            "token_endpoint_auth_method": "client_secret_jwt",
        },
    )

    assert answer.status_code == 422
    assert answer.json()["error"] == "invalid_client_metadata"


async def test_a_private_key_jwt_client_has_no_secret_to_rotate(
    app: Application, signer: SigningClient
) -> None:
    with pytest.raises(InvalidInputError):
        await rotate_secret(services_of(app), signer.client_id)
