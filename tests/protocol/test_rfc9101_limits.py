"""Failed request objects are limited like failed assertions: verifying one costs CPU time."""

import pytest

from tests.conftest import AppFactory
from tests.protocol.assertions_of_clients import SigningClient, signing_client
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import signing_key

LIMIT = 5


@pytest.fixture
async def limited(start_app: AppFactory) -> Application:
    return await start_app(token_error_limit=LIMIT)


async def authorize(signer: SigningClient, request: str) -> int:
    """GET /authorize from an anonymous caller; the status."""
    parameters = {"client_id": signer.client_id, "request": request}
    return (await signer.app.http.get("/authorize", params=parameters)).status_code


async def test_failed_request_objects_at_authorize_are_rate_limited(limited: Application) -> None:
    """RFC 9101 section 10; SECURITY_BAR row 23"""
    signer = await signing_client(limited)
    forged = signing_key(name="a stranger's").sign({"state": "x"}, kid=signer.key.kid)

    statuses = [await authorize(signer, forged) for _ in range(LIMIT + 1)]

    assert 429 not in statuses[:LIMIT]
    assert statuses[LIMIT] == 429


async def test_a_valid_request_object_is_accepted_despite_earlier_failures(
    limited: Application,
) -> None:
    """SECURITY_BAR row 23: nobody locks a client out"""
    signer = await signing_client(limited)
    forged = signing_key(name="a stranger's").sign({"state": "x"}, kid=signer.key.kid)
    for _ in range(LIMIT + 1):
        await authorize(signer, forged)

    right = signer.key.sign({"response_type": "code", "scope": "profile"}, kid=signer.key.kid)

    assert await authorize(signer, right) == 303


async def test_failed_request_objects_and_assertions_share_a_rate_limit(
    limited: Application,
) -> None:
    """SECURITY_BAR row 23"""
    signer = await signing_client(limited)
    stranger = signing_key(name="a stranger's")
    for _ in range(LIMIT):
        await authorize(signer, stranger.sign({"state": "x"}, kid=signer.key.kid))

    answer = await signer.token(stranger.sign(signer.claims(), kid=signer.key.kid))

    assert_oauth_error(answer, "too_many_requests", status=429)
