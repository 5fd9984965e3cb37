"""Client credentials grant (RFC 6749 section 4.4)."""

import asyncio
import re

import pytest

from app.schemas.clients import ClientCreate
from app.services.operations.authority import FULL
from app.wiring import Services
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error

pytestmark = pytest.mark.both_databases


async def test_a_client_gets_a_bearer_token_for_itself_and_no_refresh_token(
    app: Application, client: TestClient
) -> None:
    """RFC 6749 sections 4.4.3 and 5.1"""
    answer = await app.client_credentials(client, scope="profile")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 3600
    assert body["scope"] == "profile"


async def test_the_token_identifies_the_client_and_no_user(
    app: Application, client: TestClient
) -> None:
    """RFC 6749 section 4.4"""
    token = (await app.client_credentials(client)).json()["access_token"]

    profile = await app.profile(token)

    assert profile.json() == {
        "type": "client",
        "client_id": client.client_id,
        "message": "Machine token access",
    }


async def test_thirty_concurrent_requests_yield_thirty_different_tokens(
    app: Application, client: TestClient
) -> None:
    """RFC 6749 section 10.10"""
    answers = await asyncio.gather(*(app.client_credentials(client) for _ in range(30)))

    tokens = {answer.json()["access_token"] for answer in answers}
    assert len(tokens) == 30
    assert all(await asyncio.gather(*(app.is_active(client, token) for token in tokens)))


async def test_a_token_has_the_prefix_of_its_kind_and_256_random_bits(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR values: 256 bits, a prefix by kind"""
    tokens = [(await app.client_credentials(client)).json()["access_token"] for _ in range(20)]

    for token in tokens:
        assert re.fullmatch(r"postern_at_[A-Za-z0-9_-]{43,}", token)
    last_bits = [token[-42:] for token in tokens]  # 252 bits of the random part, however it begins
    for place in range(42):
        assert len({bits[place] for bits in last_bits}) > 1


async def test_a_client_that_is_not_registered_for_the_grant_is_refused(app: Application) -> None:
    """SECURITY_BAR row 5; RFC 6749 section 5.2"""
    client = await app.create_client(grant_types=["password", "refresh_token"])

    answer = await app.client_credentials(client)

    assert_oauth_error(answer, "unauthorized_client")


async def test_a_public_client_is_refused(app: Application) -> None:
    """SECURITY_BAR row 5; RFC 6749 section 4.4"""
    client = await app.create_client(token_endpoint_auth_method="none")

    answer = await app.token(None, grant_type="client_credentials", client_id=client.client_id)

    assert_oauth_error(answer, "unauthorized_client")


async def test_a_public_client_is_refused_even_if_the_grant_is_registered(
    app: Application, operator: Services
) -> None:
    """SECURITY_BAR row 5: registration refuses such a client, and the grant does too."""
    created = await operator.clients.clients.create(
        ClientCreate(
            client_name=app.new_name("public"),
            token_endpoint_auth_method="none",
            grant_types=["client_credentials"],
        ),
        has_secret=False,
        sector_identifier=None,
    )

    answer = await app.token(None, grant_type="client_credentials", client_id=created.client_id)

    assert_oauth_error(answer, "unauthorized_client")


async def test_a_token_expires_exactly_after_the_configured_lifetime(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR values: ACCESS_TOKEN_TTL"""
    app = await start_app(access_token_ttl=60)
    client = await app.create_client()
    body = (await app.client_credentials(client)).json()
    assert body["expires_in"] == 60

    app.clock.advance(seconds=59)
    before = await app.profile(body["access_token"])
    app.clock.advance(seconds=1)
    after = await app.profile(body["access_token"])

    assert before.status_code == 200
    assert_oauth_error(after, "invalid_token", status=401)


async def test_the_tokens_of_a_client_are_invalid_while_it_is_disabled(
    app: Application, client: TestClient, operator: Services
) -> None:
    """SECURITY_BAR row 3"""
    token = (await app.client_credentials(client)).json()["access_token"]

    await operator.clients.administration.set_disabled(
        client.client_id, disabled=True, authority=FULL
    )
    while_disabled = await app.profile(token)
    await operator.clients.administration.set_disabled(
        client.client_id, disabled=False, authority=FULL
    )
    afterwards = await app.profile(token)

    assert_oauth_error(while_disabled, "invalid_token", status=401)
    assert afterwards.status_code == 200


async def test_parameters_that_the_grant_does_not_use_are_ignored(
    app: Application, client: TestClient
) -> None:
    """RFC 6749 section 3.2"""
    answer = await app.client_credentials(
        client, audience="https://api.example.com", username="somebody", refresh_token="nothing"
    )

    assert answer.status_code == 200
    assert "refresh_token" not in answer.json()
