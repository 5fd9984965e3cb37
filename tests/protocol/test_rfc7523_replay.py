"""A client assertion counts once (RFC 7523 section 3, `jti`)."""

import asyncio

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.protocol.assertions_of_clients import SigningClient, signing_client
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import signing_key
from tests.support.parts import count, services_of

pytestmark = pytest.mark.both_databases


@pytest_asyncio.fixture
async def signer(app: Application) -> SigningClient:
    return await signing_client(app)


async def test_an_assertion_is_accepted_only_once(signer: SigningClient) -> None:
    """SECURITY_BAR row 37: replayed jti"""
    assertion = signer.assertion()

    first = await signer.token(assertion)
    second = await signer.token(assertion)
    elsewhere = await signer.post("/introspect", assertion, token="postern_at_nothing")

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_client", status=401)
    assert_oauth_error(elsewhere, "invalid_client", status=401)


async def test_a_jti_is_accepted_only_once_even_in_a_different_assertion(
    signer: SigningClient,
) -> None:
    """SECURITY_BAR row 37"""
    first = await signer.token(signer.assertion(jti="the same"))
    second = await signer.token(signer.assertion(jti="the same", exp=signer.moment(30)))

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_client", status=401)


async def test_a_jti_is_stored_for_the_whole_lifetime_of_its_assertion(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 37; RFC 7523 section 3"""
    app = await start_app()
    signer = await signing_client(app)
    assertion = signer.assertion(exp=signer.moment(3600))
    first = await signer.token(assertion)
    app.clock.advance(seconds=3595)
    await services_of(app).operations.housekeeping.run_once()

    second = await signer.token(assertion)

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_client", status=401)


async def test_two_clients_may_use_the_same_jti(app: Application) -> None:
    """SECURITY_BAR row 37"""
    one, other = await signing_client(app), await signing_client(app)

    first = await one.token(one.assertion(jti="everybody's"))
    second = await other.token(other.assertion(jti="everybody's"))

    assert first.status_code == 200
    assert second.status_code == 200


async def test_a_refused_assertion_does_not_consume_its_jti(signer: SigningClient) -> None:
    """SECURITY_BAR row 37: who cannot sign cannot spend a client's identifiers"""
    stranger = signing_key(name="a stranger's")
    claims = signer.claims()

    refused = await signer.token(stranger.sign(claims, kid=signer.key.kid))
    accepted = await signer.token(signer.key.sign(claims))

    assert_oauth_error(refused, "invalid_client", status=401)
    assert accepted.status_code == 200


async def test_only_one_of_many_concurrent_uses_is_accepted(signer: SigningClient) -> None:
    """SECURITY_BAR row 37"""
    assertion = signer.assertion()

    answers = await asyncio.gather(*(signer.token(assertion) for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19


async def test_an_assertion_is_accepted_only_once_across_workers(start_app: AppFactory) -> None:
    """SECURITY_BAR row 37"""
    one = await start_app()
    other = await start_app(database_url=one.settings.database_url)
    signer = await signing_client(one)
    assertion = signer.assertion()

    first = await signer.token(assertion)
    second = await SigningClient(other, signer.client_id, signer.key).token(assertion)

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_client", status=401)


async def test_a_jti_that_cannot_be_encoded_is_accepted_only_once(
    signer: SigningClient,
) -> None:
    """SECURITY_BAR row 44"""
    first = await signer.token(signer.assertion(jti="\ud800"))
    second = await signer.token(signer.assertion(jti="\ud800"))

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_client", status=401)


async def test_housekeeping_deletes_a_jti_once_its_assertion_has_expired(
    start_app: AppFactory,
) -> None:
    app = await start_app()
    signer, services = await signing_client(app), services_of(app)
    assertion = signer.assertion()
    await signer.token(assertion)
    await services.operations.housekeeping.run_once()
    kept = await count(services.core.database, "spent_identifiers")
    app.clock.advance(seconds=60 + 10 + 301)

    await services.operations.housekeeping.run_once()

    assert kept == 1
    assert await count(services.core.database, "spent_identifiers") == 0
    assert_oauth_error(await signer.token(assertion), "invalid_client", status=401)
