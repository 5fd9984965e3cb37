"""The plugin starts the real server, and the kit verifies its tokens."""

import httpx
import pytest

from postern_kit import (
    ClientCredentials,
    ClientCredentialsAuth,
    IntrospectionVerifier,
    JwtVerifier,
    Refusal,
)
from postern_kit.testing import Client, PosternServer, User

pytestmark = pytest.mark.slow


@pytest.fixture
def resource(postern_server: PosternServer, request: pytest.FixtureRequest) -> str:
    identifier = f"https://{abs(hash(request.node.name))}.example"
    return postern_server.create_resource(identifier, scopes=["read", "write"])


async def test_a_token_of_a_user_comes_in_one_call_and_is_verified(
    postern_server: PosternServer, postern_user: User, resource: str
) -> None:
    tokens = postern_server.tokens(user=postern_user, resource=resource, scope="read")
    verifier = JwtVerifier(issuer=postern_server.issuer, audience=resource, now=postern_server.now)

    token = await verifier.verify(tokens.access_token)
    await verifier.aclose()

    assert token.scopes == {"read"}
    assert token.client_id != token.subject


async def test_time_moves_for_the_server_and_for_the_verifier(
    postern_server: PosternServer, postern_client: Client, resource: str
) -> None:
    tokens = postern_server.tokens(client=postern_client, resource=resource)
    verifier = JwtVerifier(issuer=postern_server.issuer, audience=resource, now=postern_server.now)
    await verifier.verify(tokens.access_token)

    postern_server.advance(seconds=tokens.expires_in + 1)

    with pytest.raises(Refusal, match="expired"):
        await verifier.verify(tokens.access_token)
    later = postern_server.tokens(client=postern_client, resource=resource)
    assert (await verifier.verify(later.access_token)).subject == postern_client.client_id
    await verifier.aclose()


async def test_introspection_sees_a_revoked_token(
    postern_server: PosternServer, postern_client: Client
) -> None:
    service = postern_server.create_client()
    assert service.client_secret is not None
    resource = postern_server.create_resource(
        "https://opaque.example", token_format="opaque", scopes=["read"],
        servers=[service.client_id],
    )  # fmt: skip
    tokens = postern_server.tokens(client=postern_client, resource=resource)
    verifier = IntrospectionVerifier(
        issuer=postern_server.issuer, audience=resource, client_id=service.client_id,
        client_secret=service.client_secret, cache_seconds=0, now=postern_server.now,
    )  # fmt: skip
    before = await verifier.verify(tokens.access_token)
    postern_server.revoke(postern_client, tokens.access_token)

    with pytest.raises(Refusal, match="not active"):
        await verifier.verify(tokens.access_token)
    await verifier.aclose()
    assert before.scopes == {"read"}


def test_codes_and_refresh_tokens_work_as_often_as_a_test_needs(
    postern_server: PosternServer, postern_user: User
) -> None:
    client = postern_server.create_client()
    for _ in range(3):
        tokens = postern_server.tokens(
            client=client, user=postern_user, scope="openid offline_access"
        )

    refreshed = postern_server.refresh(client, tokens)

    assert refreshed.access_token != tokens.access_token
    assert refreshed.refresh_token not in (None, tokens.refresh_token)


def test_the_service_gets_tokens_with_its_own_credentials(
    postern_server: PosternServer, postern_client: Client, resource: str
) -> None:
    credentials = ClientCredentials(
        postern_server.issuer, postern_client.client_id, postern_client.client_secret,
    )  # fmt: skip
    with httpx.Client(auth=ClientCredentialsAuth(credentials)) as http:
        profile = http.get(f"{postern_server.url}/profile")

    assert profile.status_code == 200, profile.text


def test_a_refused_command_raises_in_the_test(postern_server: PosternServer) -> None:
    with pytest.raises(AssertionError, match="fragment"):
        postern_server.create_resource("https://a.example/#fragment")
