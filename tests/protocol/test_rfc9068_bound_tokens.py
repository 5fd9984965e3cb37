"""JWT access tokens that are bound to a key (RFC 9068, RFC 9449 section 6.1)."""

import asyncio

import pytest
import pytest_asyncio

from tests.protocol.jwt_resources import SCOPE, Api, jwt_api, parts_of, verified
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.dpop import Prover, prover
from tests.support.resources import make_default


@pytest.fixture
def key(app: Application) -> Prover:
    return prover(app)


@pytest_asyncio.fixture
async def service(app: Application) -> TestClient:
    return await app.create_client(scope=SCOPE)


@pytest_asyncio.fixture
async def api(app: Application) -> Api:
    return await jwt_api(app)


async def test_a_bound_token_states_its_key(
    app: Application, service: TestClient, api: Api, key: Prover
) -> None:
    """RFC 9449 section 6.1; SECURITY_BAR row 38"""
    response = await key.client_credentials(service, resource=api.identifier)

    token = response.json()["access_token"]
    assert response.json()["token_type"] == "DPoP"
    assert (await verified(app, token, api))["cnf"] == {"jkt": key.jkt}
    body = await app.introspect(api.server, token)
    assert (body["cnf"], body["token_type"]) == ({"jkt": key.jkt}, "DPoP")


@pytest.mark.both_databases
async def test_a_proof_gets_one_jwt(
    app: Application, service: TestClient, api: Api, key: Prover
) -> None:
    """RFC 9449 section 11.1; SECURITY_BAR row 38: a JWT has no row, so the proof is stored alone"""
    proof = key.proof()

    responses = await asyncio.gather(
        *(key.client_credentials(service, proof=proof, resource=api.identifier) for _ in range(8))
    )

    assert sorted(response.status_code for response in responses) == [200, *[400] * 7]
    refused = next(response for response in responses if response.status_code == 400)
    assert_oauth_error(refused, "invalid_dpop_proof")


@pytest.mark.both_databases
async def test_a_refresh_binds_the_new_token_and_is_repeated_for_its_key_only(
    app: Application, service: TestClient, api: Api, key: Prover, user: TestUser
) -> None:
    """RFC 9449 section 5"""
    form = {
        "grant_type": "password",
        "username": user.username,
        "password": user.password,
        "resource": api.identifier,
    }
    first = (await key.token(service, **form)).json()
    again = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    other = prover(app, name="another")

    second = (await key.token(service, **again)).json()
    repeated = (await key.token(service, **again)).json()
    by_another = await other.token(service, **again)

    one, two = (parts_of(each["access_token"])[1] for each in (second, repeated))
    assert one == two
    assert one["cnf"] == {"jkt": key.jkt}
    assert_oauth_error(by_another, "invalid_grant")


async def test_a_bound_token_at_userinfo_needs_its_proof(
    app: Application, service: TestClient, api: Api, key: Prover, user: TestUser
) -> None:
    """SECURITY_BAR row 38: downgrade to Bearer, another key"""
    await make_default(app, service, api.resource)
    form = {"grant_type": "password", "username": user.username, "password": user.password}
    response = await key.token(service, **form, scope="openid read")
    token = response.json()["access_token"]

    with_proof = await key.get("/userinfo", token)
    as_bearer = await app.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
    by_another = await prover(app, name="another").get("/userinfo", token)

    assert with_proof.status_code == 200, with_proof.text
    assert as_bearer.status_code == by_another.status_code == 401
