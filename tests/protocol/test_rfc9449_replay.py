"""A DPoP proof counts once, for all workers together (RFC 9449 section 11.1)."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from app.oauth.dpop.proofs import PresentedProof
from app.repositories.operations.replay_cache import ReplayCacheRepository
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.dpop import hashed, prover
from tests.support.parts import count, services_of
from tests.support.visitor import CHALLENGE, REDIRECT_URI, VERIFIER, Visitor

pytestmark = pytest.mark.both_databases
PUBLIC = {"token_endpoint_auth_method": "none", "scope": "openid profile offline_access"}


@pytest_asyncio.fixture
async def workers(start_app: AppFactory) -> AsyncIterator[tuple[Application, Application]]:
    """Two workers on one database."""
    one = await start_app()
    yield one, await start_app(database_url=one.settings.database_url)


async def test_of_64_equal_proofs_at_two_workers_exactly_one_gets_a_token(
    workers: tuple[Application, Application],
) -> None:
    """SECURITY_BAR row 38: replayed jti; faults row 9"""
    client, key = await workers[0].create_client(), prover(workers[0])
    proof = key.proof()

    answers = await asyncio.gather(
        *(
            prover(workers[number % 2]).client_credentials(client, proof=proof)
            for number in range(64)
        )
    )

    refused = [answer for answer in answers if answer.status_code != 200]
    assert len(refused) == 63
    for answer in refused:
        assert_oauth_error(answer, "invalid_dpop_proof")
    database = services_of(workers[0]).core.database
    assert await count(database, "access_tokens") == 1
    assert await count(database, "spent_identifiers") == 1


async def test_different_proofs_at_the_same_time_all_count(
    workers: tuple[Application, Application],
) -> None:
    client = await workers[0].create_client()

    answers = await asyncio.gather(
        *(prover(workers[number % 2]).client_credentials(client) for number in range(64))
    )

    assert [answer.status_code for answer in answers] == [200] * 64


async def test_a_proof_counts_once_for_the_password_grant(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 38"""
    key = prover(app)
    proof = key.proof()
    form = {"grant_type": "password", "username": user.username, "password": user.password}

    first, second = [await key.token(client, proof=proof, **form) for _ in range(2)]

    assert first.json()["token_type"] == "DPoP"
    assert_oauth_error(second, "invalid_dpop_proof")
    assert await app.is_active(client, first.json()["access_token"])


async def test_a_proof_counts_once_for_refreshes(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 38: also where the response is only repeated, and nothing is rotated"""
    key = prover(app)
    pair = (await app.password_grant(client, user)).json()
    form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    proof = key.proof()

    first = await key.token(client, proof=proof, **form)
    replayed = await key.token(client, proof=proof, **form)
    repeated = await key.token(client, **form)
    later = key.proof()
    repeated_by_later = await key.token(client, proof=later, **form)
    replayed_later = await key.token(client, proof=later, **form)

    assert first.status_code == 200, first.text
    assert_oauth_error(replayed, "invalid_dpop_proof")
    assert repeated.json()["access_token"] == first.json()["access_token"]
    assert repeated_by_later.json()["access_token"] == first.json()["access_token"]
    assert_oauth_error(replayed_later, "invalid_dpop_proof")


async def test_of_many_refreshes_with_one_proof_exactly_one_is_answered(
    workers: tuple[Application, Application],
) -> None:
    """SECURITY_BAR row 38; faults row 9"""
    client, user = await workers[0].create_client(), await workers[0].enrolled_user()
    pair = (await workers[0].password_grant(client, user)).json()
    proof = prover(workers[0]).proof()

    answers = await asyncio.gather(
        *(
            prover(workers[number % 2]).token(
                client,
                proof=proof,
                grant_type="refresh_token",
                refresh_token=pair["refresh_token"],
            )
            for number in range(16)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15
    (won,) = [answer.json() for answer in answers if answer.status_code == 200]
    assert await workers[0].is_active(client, won["access_token"])


async def test_of_many_refreshes_with_their_own_proofs_all_get_the_same_pair(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9: the grace window is there with proofs, too"""
    key = prover(app)
    pair = (await app.password_grant(client, user)).json()
    form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}

    answers = await asyncio.gather(*(key.token(client, **form) for _ in range(16)))

    assert [answer.status_code for answer in answers] == [200] * 16
    assert len({answer.json()["access_token"] for answer in answers}) == 1
    assert {answer.json()["token_type"] for answer in answers} == {"DPoP"}


async def test_a_used_proof_leaves_the_code_and_the_refresh_token_unused(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 38: who replays a proof spends nothing of the client's"""
    client, key = await app.create_client(**PUBLIC), prover(app)
    form = await code_form(visitor, client, user)
    used = key.proof()
    await key.client_credentials(await app.create_client(), proof=used)

    refused = await key.token(None, proof=used, **form)
    redeemed = await key.token(None, **form)
    refresh = {
        "grant_type": "refresh_token",
        "client_id": client.client_id,
        "refresh_token": redeemed.json()["refresh_token"],
    }
    refused_refresh = await key.token(None, proof=used, **refresh)
    refreshed = await key.token(None, **refresh)

    assert_oauth_error(refused, "invalid_dpop_proof")
    assert redeemed.status_code == 200, redeemed.text
    assert_oauth_error(refused_refresh, "invalid_dpop_proof")
    assert refreshed.status_code == 200, refreshed.text


async def test_two_keys_may_use_the_same_jti(app: Application, client: TestClient) -> None:
    """RFC 9449 section 11.1"""
    one, other = prover(app), prover(app, name="another")

    answers = [
        await key.client_credentials(client, proof=key.proof(jti="everybody's"))
        for key in (one, other, one)
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 400]


async def test_a_proof_for_another_endpoint_cannot_reuse_the_jti(
    app: Application, client: TestClient
) -> None:
    """RFC 9449 section 11.1: kept by key and jti, whatever the request was"""
    key = prover(app)
    token = await key.bound_token(client)
    first = await key.client_credentials(client, proof=key.proof(jti="once"))

    second = await key.get(
        "/profile", token, proof=key.proof("GET", "/profile", jti="once", ath=hashed(token))
    )

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_dpop_proof", status=401)


async def test_a_refused_request_does_not_use_the_proof(
    app: Application, client: TestClient
) -> None:
    """RFC 9449 section 5: the client may repeat the request without its mistake"""
    key = prover(app)
    proof = key.proof()

    refused = await key.client_credentials(client, proof=proof, scope="unknown")
    accepted = await key.client_credentials(client, proof=proof)

    assert_oauth_error(refused, "invalid_scope")
    assert accepted.status_code == 200


async def test_of_many_requests_to_a_resource_with_one_proof_exactly_one_is_answered(
    workers: tuple[Application, Application],
) -> None:
    """SECURITY_BAR row 38: replayed jti at a protected resource"""
    client, key = await workers[0].create_client(), prover(workers[0])
    token = await key.bound_token(client)
    proof = key.proof("GET", "/profile", ath=hashed(token))

    answers = await asyncio.gather(
        *(prover(workers[number % 2]).get("/profile", token, proof=proof) for number in range(16))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 15


async def test_a_jti_that_cannot_be_encoded_counts_once(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 44"""
    key = prover(app)

    answers = [
        await key.client_credentials(client, proof=key.proof(jti="\ud800")) for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [200, 400]


async def test_housekeeping_deletes_a_jti_once_its_proof_is_too_old(
    start_app: AppFactory,
) -> None:
    app = await start_app()
    services, client, key = services_of(app), await app.create_client(), prover(app)
    proof = key.proof(iat=int(app.clock.now().timestamp()) + 60)
    await key.client_credentials(client, proof=proof)
    app.clock.advance(seconds=120)
    await services.operations.housekeeping.run_once()
    kept = await count(services.core.database, "spent_identifiers")
    replayed = await key.client_credentials(client, proof=proof)
    app.clock.advance(seconds=301)

    await services.operations.housekeeping.run_once()

    assert kept == 1
    assert_oauth_error(replayed, "invalid_dpop_proof")
    assert await count(services.core.database, "spent_identifiers") == 0
    assert_oauth_error(await key.client_credentials(client, proof=proof), "invalid_dpop_proof")


async def test_the_caller_who_repeats_a_lost_write_keeps_its_use(app: Application) -> None:
    """As after a connection that was lost at the commit"""
    key = prover(app)
    services = services_of(app)
    repository = ReplayCacheRepository(services.core.database)
    presented = PresentedProof(key.proof().encode(), "POST", "/token")
    verified = await services.oauth.dpop_proofs.verify(
        presented, access_token=None, needs_nonce=False, is_fapi=False
    )
    other = verified.use._replace(spent_by=b"another caller")

    results = [await repository.spend_use(use) for use in (verified.use, verified.use, other)]

    assert results == [True, True, False]


async def code_form(visitor: Visitor, client: TestClient, user: TestUser) -> dict[str, str]:
    """Return the form of a token request with a new code."""
    code = await visitor.code_for(
        client, user, scope="openid offline_access", code_challenge=CHALLENGE
    )
    return {
        "grant_type": "authorization_code",
        "client_id": client.client_id,
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }
