"""Token exchange (RFC 8693): which tokens may be presented, and bound ones.

SECURITY_BAR row 40
"""

import json
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.oauth.exchange.token_types import ACCESS_TOKEN, ID_TOKEN, JWT
from tests.protocol.exchanges import Fleet, new_fleet
from tests.protocol.jwt_resources import parts_of, signed_by_us, signed_with_public_key, unsigned
from tests.support.administration import list_admin_scopes
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.dpop import prover
from tests.support.exchange import GRANTS, Service, exchange_form
from tests.support.parts import services_of
from tests.support.resources import new_resource


@pytest_asyncio.fixture
async def fleet(app: Application, user: TestUser) -> Fleet:
    fleet = await new_fleet(app, user)
    await fleet.front.may_call_without_actor(fleet.middle)
    return fleet


async def exchanged(fleet: Fleet, subject: str, **form: Any) -> httpx.Response:
    return await fleet.front.exchange(subject, resource=fleet.middle.identifier, **form)


async def refused_subject(fleet: Fleet, subject: str, **form: Any) -> None:
    response = await exchanged(fleet, subject, **form)
    assert_oauth_error(response, "invalid_request")
    assert "subject_token" in response.json()["error_description"]


# Kinds of tokens


async def test_a_token_with_an_admin_scope_is_refused(app: Application, fleet: Fleet) -> None:
    await list_admin_scopes(app, fleet.front.client, "users:read")
    response = await app.client_credentials(fleet.front.client, scope="profile users:read")
    assert "users:read" in response.json()["scope"]

    await refused_subject(fleet, response.json()["access_token"])


async def test_a_personal_token_is_refused(app: Application, user: TestUser) -> None:
    """Also by the service that may introspect it, and without its prefix"""
    server = await app.create_client(grant_types=GRANTS, scope="profile")
    resource = await new_resource(app, servers=[server.client_id], allows_personal_tokens=True)
    service = Service(app, server, resource)
    await service.may_call_without_actor(service)
    services = services_of(app)
    owner = await services.accounts.users.get(user.username)
    token = await services.oauth.personal_tokens.create(
        owner, name="Backup", resource_name=resource.name, scopes={"read"}, days=30
    )
    assert (await service.introspect(token))["active"]

    for presented in (token, token.replace("_pt_", "_at_")):
        response = await service.exchange(presented, resource=resource.identifier)
        assert_oauth_error(response, "invalid_request")


async def test_a_refresh_token_is_refused(fleet: Fleet) -> None:
    """SECURITY_BAR row 36"""
    tokens = (
        await fleet.app.password_grant(fleet.client, fleet.user, resource=fleet.front.identifier)
    ).json()

    for token_type in (ACCESS_TOKEN, ID_TOKEN, JWT):
        await refused_subject(fleet, tokens["refresh_token"], subject_token_type=token_type)


@pytest.mark.parametrize("token_type", [ACCESS_TOKEN, ID_TOKEN, JWT])
@pytest.mark.parametrize(
    "token", ["postern_at_unknown", "postern_pt_unknown", "eyJhbGciOiJub25lIn0.e30.", "x" * 20_000]
)
async def test_garbage_is_refused(fleet: Fleet, token: str, token_type: str) -> None:
    await refused_subject(fleet, token, subject_token_type=token_type)


async def test_a_jwt_of_this_server_is_not_one_of_a_trusted_issuer(
    app: Application, user: TestUser
) -> None:
    fleet = await new_fleet(app, user, token_format="jwt")
    await fleet.front.may_call_without_actor(fleet.middle)

    await refused_subject(fleet, await fleet.subject(), subject_token_type=JWT)
    await refused_subject(fleet, await fleet.subject(), subject_token_type=ID_TOKEN)


async def test_forged_jwts_are_refused(app: Application, user: TestUser) -> None:
    """SECURITY_BAR row 35"""
    fleet = await new_fleet(app, user, token_format="jwt")
    await fleet.front.may_call_without_actor(fleet.middle)
    subject = await fleet.subject()
    claims = parts_of(subject)[1]
    keys = (await app.http.get("/jwks")).json()["keys"]
    forged = [
        unsigned(subject),
        signed_with_public_key(subject, json.dumps(keys[0]).encode()),
        await signed_by_us(app, claims, typ="JWT"),
        await signed_by_us(app, {**claims, "client_id": fleet.front.client_id}),
    ]

    for token in forged:
        await refused_subject(fleet, token)


# Binding


async def test_a_bound_token_does_not_become_a_bearer_token(app: Application, fleet: Fleet) -> None:
    """SECURITY_BAR row 38: the key of the subject is not asked for, but one of the service is"""
    of_caller, of_service = prover(app, name="caller"), prover(app, name="service")
    subject = await of_caller.token(
        fleet.client,
        grant_type="password",
        username=fleet.user.username,
        password=fleet.user.password,
        scope="read",
        resource=fleet.front.identifier,
    )
    token = subject.json()["access_token"]
    form = exchange_form(token, resource=fleet.middle.identifier)

    as_bearer = await app.token(fleet.front.client, **form)
    bound = await of_service.token(fleet.front.client, **form)

    assert_oauth_error(as_bearer, "invalid_request")
    assert "DPoP" in as_bearer.json()["error_description"]
    assert bound.json()["token_type"] == "DPoP"
    shown = await fleet.middle.introspect(bound.json()["access_token"])
    assert shown["cnf"] == {"jkt": of_service.jkt}


async def test_a_replayed_proof_is_refused(app: Application, fleet: Fleet) -> None:
    """SECURITY_BAR row 38"""
    of_service = prover(app, name="service")
    proof = of_service.proof()
    form = exchange_form(await fleet.subject(), resource=fleet.middle.identifier)

    first = await of_service.token(fleet.front.client, proof=proof, **form)
    second = await of_service.token(fleet.front.client, proof=proof, **form)

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_dpop_proof")


async def test_an_actor_proves_the_key_of_its_own_token(app: Application, fleet: Fleet) -> None:
    of_service, of_thief = prover(app, name="service"), prover(app, name="thief")
    actor = await of_service.bound_token(fleet.front.client, scope="profile")
    form = exchange_form(
        await fleet.subject(),
        resource=fleet.middle.identifier,
        actor_token=actor,
        actor_token_type=ACCESS_TOKEN,
    )

    without = await app.token(fleet.front.client, **form)
    with_another = await of_thief.token(fleet.front.client, **form)
    with_its_own = await of_service.token(fleet.front.client, **form)

    assert_oauth_error(without, "invalid_request")
    assert_oauth_error(with_another, "invalid_request")
    assert with_its_own.status_code == 200


# Where exchanged tokens count


async def test_an_exchanged_token_is_refused_at_our_own_endpoints(fleet: Fleet) -> None:
    """SECURITY_BAR row 39: it has an audience, as every exchanged token has"""
    token = await fleet.front.call(fleet.middle, await fleet.subject())

    assert (await fleet.app.profile(token)).status_code == 401
    assert not (await fleet.back.introspect(token))["active"]
    assert not (await fleet.front.introspect(token))["active"]


async def test_introspection_by_another_service_says_nothing(fleet: Fleet) -> None:
    """SECURITY_BAR row 39"""
    token = await fleet.front.call(fleet.middle, await fleet.subject())

    assert await fleet.back.introspect(token) == {"active": False}
