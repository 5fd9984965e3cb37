"""FAPI 2.0 Security Profile (Final): what clients got before the profile held for them."""

from typing import Any

import pytest

from app.oauth.exchange.token_types import ACCESS_TOKEN, TOKEN_EXCHANGE
from tests.conftest import AppFactory
from tests.protocol.fapi_clients import SCOPE, WITHOUT, FapiClient, client_with_keys
from tests.support.administration import set_policies
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import jwks, signing_key
from tests.support.dpop import prover
from tests.support.resources import new_resource
from tests.support.visitor import Visitor

OWN = {"grant_type": "client_credentials"}
GRANT_TYPES = ["authorization_code", "refresh_token", "client_credentials"]


async def unprofiled_client(app: Application, *, name: str = "before") -> FapiClient:
    """Return a client that fits the profile, without it."""
    key = signing_key(name=name)
    made = await app.create_client(
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(key),
        grant_types=GRANT_TYPES,
        scope=SCOPE,
    )
    return FapiClient(app, made.client_id, key, None, None)


async def get_profile(client: FapiClient) -> None:
    await set_policies(client.app, client.public, profile="fapi2")


@pytest.mark.parametrize("token_format", [None, "opaque", "jwt"])
async def test_unbound_access_tokens_are_inactive_from_then_on(
    app: Application, token_format: str | None
) -> None:
    """Section 5.3.2.1-4; SECURITY_BAR row 38: nobody who asks accepts them as bearer tokens"""
    client, server = await unprofiled_client(app), await app.create_client()
    form: dict[str, str] = {}
    if token_format is not None:
        resource = await new_resource(app, token_format=token_format, servers=[server.client_id])
        form["resource"] = resource.identifier
    token = (await client.token({**OWN, **form})).json()["access_token"]
    before = await app.is_active(server, token)

    await get_profile(client)

    assert before
    assert not await app.is_active(server, token)


async def test_bound_access_tokens_stay_active(app: Application) -> None:
    """Section 5.3.2.1-4"""
    client, server = await unprofiled_client(app), await app.create_client()
    token = (await client.token(OWN, proof=prover(app).proof())).json()["access_token"]

    await get_profile(client)

    assert await app.is_active(server, token)


async def test_unbound_access_tokens_cannot_be_exchanged(app: Application) -> None:
    """SECURITY_BAR row 40: a subject that is not valid any more"""
    client, target = await unprofiled_client(app), await new_resource(app)
    exchanger = await app.create_client(grant_types=["client_credentials", TOKEN_EXCHANGE])
    names = [target.name]
    await set_policies(
        app,
        exchanger,
        token_exchange={
            "targets": names,
            "targets_without_actor": names,
            "exchanger_of": [client.client_id],
        },
    )
    form = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": (await client.token(OWN)).json()["access_token"],
        "subject_token_type": ACCESS_TOKEN,
        "resource": target.identifier,
    }
    before = await app.token(exchanger, **form)

    await get_profile(client)

    assert before.status_code == 200, before.text
    assert_oauth_error(await app.token(exchanger, **form), "invalid_request")


async def test_a_refresh_token_from_before_yields_bound_tokens_only(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Section 5.3.2.1-4; RFC 9449 section 5: it is bound to the client's authentication"""
    client, key = await unprofiled_client(app), prover(app)
    tokens = await client.tokens(visitor, user)
    await get_profile(client)

    unbound = await client.refresh(tokens["refresh_token"], proof=WITHOUT)
    bound = await client.refresh(tokens["refresh_token"], proof=key.proof())

    assert_oauth_error(unbound, "invalid_dpop_proof")
    assert bound.json()["token_type"] == "DPoP"
    assert bound.json()["refresh_token"] == tokens["refresh_token"]
    assert (await key.get("/userinfo", bound.json()["access_token"])).status_code == 200
    assert_oauth_error(await app.profile(tokens["access_token"]), "invalid_token", status=401)


async def test_tokens_end_with_the_profile_of_the_server(start_app: AppFactory) -> None:
    """Section 5.3.2.1-4, for the clients without any policy"""
    before = await start_app()
    client = await unprofiled_client(before)
    token = (await client.token(OWN)).json()["access_token"]
    app = await start_app(
        database_url=before.settings.database_url, profile="fapi2", clock=before.clock
    )
    later = FapiClient(app, client.client_id, client.key, None, None)

    known = (await client.post("/introspect", {"token": token})).json()
    unknown = (await later.post("/introspect", {"token": token})).json()

    assert known["active"] is True
    assert unknown == {"active": False}


async def test_challenges_name_the_algorithms_of_the_profile(app: Application) -> None:
    """RFC 9449 section 7.1; section 5.4.1: those that the client may use"""
    client = await client_with_keys(app)
    token = (await client.token(OWN)).json()["access_token"]
    own = client.with_prover

    refused: dict[str, Any] = {
        "no proof": await client.get("/profile", token, proof=WITHOUT),
        "another key": await prover(app, name="a thief's").get("/profile", token),
        "another URL": await client.get("/profile", token, proof=own.proof("GET", "/userinfo")),
        "as bearer": await client.get("/profile", token, scheme="Bearer"),
        "no scope": await client.get("/userinfo", token),
        "no admin scope": await client.get("/admin/api/v1/users", token),
    }

    for name, answer in refused.items():
        (challenge,) = answer.headers.get_list("www-authenticate")
        assert challenge.startswith("DPoP "), name
        assert challenge.endswith('algs="PS256 ES256 EdDSA"'), name


@pytest.mark.parametrize("path", ["/profile", "/userinfo"])
async def test_challenges_of_a_server_under_the_profile_name_its_algorithms(
    start_app: AppFactory, path: str
) -> None:
    """RFC 9449 section 7.1; section 5.4.1, where no client is known"""
    app = await start_app(profile="fapi2")
    key = prover(app)
    proof = key.proof("GET", path)
    twice = [("Authorization", "DPoP x"), ("DPoP", proof), ("DPoP", proof)]

    nothing = await app.http.get(path)
    unknown = await key.get(path, "postern_at_unknown")
    several = await app.http.get(path, headers=twice)

    for answer in (nothing, unknown, several):
        challenge = answer.headers.get_list("www-authenticate")[-1]
        assert challenge.endswith('algs="PS256 ES256 EdDSA"'), challenge
