"""Nonces of the server in DPoP proofs (RFC 9449 sections 8 and 9)."""

import httpx
import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.admin_api import ADMIN_TOKEN, PREFIX
from tests.support.administration import list_admin_scopes, set_policies
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.dpop import Prover, hashed, prover

APP_SETTINGS = {"dpop_nonce": "required", "admin_token": ADMIN_TOKEN}
PERIOD_SECONDS = 300


@pytest.fixture
def key(app: Application) -> Prover:
    return prover(app)


@pytest_asyncio.fixture
async def nonce(key: Prover, client: TestClient) -> str:
    return nonce_in(await key.client_credentials(client))


def nonce_in(answer: httpx.Response) -> str:
    """Return the nonce with which the request is to be repeated."""
    status = 401 if "www-authenticate" in answer.headers else 400
    assert_oauth_error(answer, "use_dpop_nonce", status=status)
    return str(answer.headers["dpop-nonce"])


async def test_a_proof_without_a_nonce_is_answered_with_one(
    key: Prover, client: TestClient
) -> None:
    """RFC 9449 section 8"""
    nonce = nonce_in(await key.client_credentials(client))

    accepted = await key.client_credentials(client, proof=key.proof(nonce=nonce))

    assert accepted.status_code == 200
    assert accepted.json()["token_type"] == "DPoP"


async def test_a_good_response_has_the_nonce_for_the_next_request(
    key: Prover, client: TestClient, nonce: str
) -> None:
    """RFC 9449 section 8.2"""
    first = await key.client_credentials(client, proof=key.proof(nonce=nonce))
    key.app.clock.advance(seconds=PERIOD_SECONDS)
    second = await key.client_credentials(client, proof=key.proof(nonce=nonce))
    third = await key.client_credentials(
        client, proof=key.proof(nonce=second.headers["dpop-nonce"])
    )

    assert [answer.status_code for answer in (first, second, third)] == [200] * 3
    assert second.headers["dpop-nonce"] != nonce


async def test_a_nonce_expires(key: Prover, client: TestClient, nonce: str) -> None:
    """RFC 9449 section 8.2; SECURITY_BAR row 38: a nonce from before"""
    key.app.clock.advance(seconds=2 * PERIOD_SECONDS)

    answer = await key.client_credentials(client, proof=key.proof(nonce=nonce))

    assert nonce_in(answer) != nonce


async def test_a_nonce_takes_the_place_of_the_clock(
    key: Prover, client: TestClient, nonce: str
) -> None:
    """RFC 9449 section 11.1: a client whose clock is wrong"""
    answer = await key.client_credentials(client, proof=key.proof(nonce=nonce, iat=1))

    assert answer.status_code == 200


async def test_a_nonce_does_not_make_a_proof_valid_before_its_nbf(
    key: Prover, client: TestClient, nonce: str
) -> None:
    """RFC 7519 section 4.1.5; FAPI 2.0 section 5.3.2.1"""
    nbf = int(key.app.clock.now().timestamp()) + 61

    answer = await key.client_credentials(client, proof=key.proof(nonce=nonce, nbf=nbf))

    assert_oauth_error(answer, "invalid_dpop_proof")


@pytest.mark.parametrize("iat", [None, "now", True])
async def test_iat_is_required_beside_a_nonce(
    key: Prover, client: TestClient, nonce: str, iat: object
) -> None:
    """RFC 9449 section 4.2"""
    answer = await key.client_credentials(client, proof=key.proof(nonce=nonce, iat=iat))

    assert_oauth_error(answer, "invalid_dpop_proof")


@pytest.mark.parametrize("value", ["", "x", 1, None, ["x"], "\ud800"])
async def test_any_other_nonce_is_refused(key: Prover, client: TestClient, value: object) -> None:
    """RFC 9449 section 8"""
    nonce_in(await key.client_credentials(client, proof=key.proof(nonce=value)))


async def test_a_proof_with_a_nonce_counts_once_as_long_as_the_nonce_is_good(
    key: Prover, client: TestClient, nonce: str
) -> None:
    """SECURITY_BAR row 38: replayed jti"""
    proof = key.proof(nonce=nonce)
    first = await key.client_credentials(client, proof=proof)
    key.app.clock.advance(seconds=PERIOD_SECONDS)

    second = await key.client_credentials(client, proof=proof)

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_dpop_proof")


async def test_a_request_that_lacks_a_nonce_does_not_use_the_proof(
    start_app: AppFactory, client: TestClient
) -> None:
    """RFC 9449 section 8: otherwise a client would need a new jti, which not all of them choose"""
    app = await start_app(dpop_nonce="required")
    key, other = prover(app), await app.create_client()
    nonce = nonce_in(await key.client_credentials(other, proof=key.proof(jti="the same")))

    answer = await key.client_credentials(other, proof=key.proof(jti="the same", nonce=nonce))

    assert answer.status_code == 200


async def test_a_protected_resource_demands_a_nonce(
    key: Prover, client: TestClient, nonce: str
) -> None:
    """RFC 9449 section 9"""
    issued = await key.client_credentials(client, proof=key.proof(nonce=nonce))
    token = issued.json()["access_token"]

    refused = await key.get("/profile", token)
    good = key.proof("GET", "/profile", ath=hashed(token), nonce=nonce_in(refused))
    accepted = await key.get("/profile", token, proof=good)

    assert 'error="use_dpop_nonce"' in refused.headers["www-authenticate"]
    assert refused.headers["www-authenticate"].startswith("DPoP ")
    assert accepted.status_code == 200
    assert accepted.headers["dpop-nonce"]


async def test_the_admin_api_demands_a_nonce(key: Prover, nonce: str) -> None:
    """RFC 9449 section 9"""
    client, path = (
        await key.app.create_client(grant_types=["client_credentials"]),
        f"{PREFIX}/users",
    )
    await list_admin_scopes(key.app, client, "users:read")
    token = await key.bound_token(client, proof=key.proof(nonce=nonce), scope="users:read")

    refused = await key.get(path, token)
    good = key.proof("GET", path, ath=hashed(token), nonce=refused.headers["dpop-nonce"])
    accepted = await key.get(path, token, proof=good)

    assert refused.status_code == 401
    assert refused.json()["error"] == "use_dpop_nonce"
    assert accepted.status_code == 200, accepted.text


async def test_par_demands_a_nonce(key: Prover, client: TestClient) -> None:
    """RFC 9449 sections 8 and 10.1"""
    form = {"response_type": "code", "redirect_uri": "http://localhost:3000/callback"}

    async def push(proof: str) -> httpx.Response:
        return await key.app.http.post("/par", data=form, headers={"DPoP": proof}, auth=client.auth)

    nonce = nonce_in(await push(key.proof(path="/par")))
    accepted = await push(key.proof(path="/par", nonce=nonce))

    assert accepted.status_code == 201
    assert accepted.headers["dpop-nonce"]


async def test_a_request_without_a_proof_needs_no_nonce(
    app: Application, client: TestClient
) -> None:
    answer = await app.client_credentials(client)

    assert answer.status_code == 200
    assert "dpop-nonce" not in answer.headers


async def test_a_policy_demands_a_nonce_of_one_client(start_app: AppFactory) -> None:
    """RFC 9449 section 8; decided for each client"""
    app = await start_app()
    key, client, other = prover(app), await app.create_client(), await app.create_client()
    await set_policies(app, client, require_dpop_nonce=True)

    nonce = nonce_in(await key.client_credentials(client))
    issued = await key.client_credentials(client, proof=key.proof(nonce=nonce))
    token = issued.json()["access_token"]
    at_resource = await key.get("/profile", token)
    of_other = await key.client_credentials(other)

    assert issued.status_code == 200
    nonce_in(at_resource)
    assert of_other.status_code == 200
    assert "dpop-nonce" not in of_other.headers


async def test_a_nonce_that_is_not_demanded_is_checked(start_app: AppFactory) -> None:
    """RFC 9449 section 8: an old nonce is answered with a new one"""
    app = await start_app()
    key, client = prover(app), await app.create_client()

    nonce = nonce_in(await key.client_credentials(client, proof=key.proof(nonce="old")))

    assert (await key.client_credentials(client, proof=key.proof(nonce=nonce))).status_code == 200


async def test_a_nonce_of_one_worker_is_good_at_another(start_app: AppFactory) -> None:
    """RFC 9449 section 8: no worker stores nonces"""
    one = await start_app(dpop_nonce="required")
    other = await start_app(dpop_nonce="required", database_url=one.settings.database_url)
    client = await one.create_client()

    nonce = nonce_in(await prover(one).client_credentials(client))
    key = prover(other)

    assert (await key.client_credentials(client, proof=key.proof(nonce=nonce))).status_code == 200
