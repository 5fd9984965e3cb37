"""A server that serves nothing but the FAPI 2.0 Security Profile (`PROFILE=fapi2`)."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio

from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.protocol.fapi_clients import GRANT_TYPES, SCOPE, FapiClient
from tests.support.admin_api import ADMIN_TOKEN
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error, assert_problem
from tests.support.client_jwts import jwks, signing_key
from tests.support.dpop import prover
from tests.support.jwt import header_of
from tests.support.mutual_tls import behind_proxy
from tests.support.parts import services_of
from tests.support.resources import new_resource
from tests.support.visitor import REDIRECT_URI, Visitor, answer_in, query

APP_SETTINGS = {**behind_proxy(None), "profile": "fapi2", "admin_token": ADMIN_TOKEN}
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
ALGORITHMS = ["PS256", "ES256", "EdDSA"]
METHODS = ["private_key_jwt", "self_signed_tls_client_auth"]
KEY = signing_key("ES256", "of a server")


async def create(app: Application, **changes: Any) -> Any:
    body = {
        "client_name": app.new_name("client"),
        "redirect_uri": REDIRECT_URI,
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": jwks(KEY),
        "grant_types": GRANT_TYPES,
        "scope": SCOPE,
        **changes,
    }
    stated = {name: value for name, value in body.items() if value is not None}
    return await app.http.post("/create_client", json=stated, headers=ADMIN)


@pytest_asyncio.fixture
async def client(app: Application) -> FapiClient:
    made = await create(app)
    assert made.status_code == 201, made.text
    return FapiClient(app, made.json()["client_id"], KEY, prover(app), None)


async def test_every_client_is_held_to_the_profile(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """Sections 5.3.2.1 and 5.3.2.2, without any policy of the client"""
    not_pushed = answer_in(await visitor.authorize(client.public))
    array = await client.token(
        {"grant_type": "client_credentials"},
        assertion=client.assertion(aud=[client.app.settings.issuer_url]),
    )
    unbound = await client.token({"grant_type": "client_credentials"}, proof="")
    tokens = await client.tokens(visitor, user)
    refreshed = (await client.refresh(tokens["refresh_token"])).json()

    assert not_pushed["error"] == "invalid_request"
    assert_oauth_error(array, "invalid_client", status=401)
    assert_oauth_error(unbound, "invalid_dpop_proof")
    assert header_of(tokens["id_token"])["alg"] == "PS256"
    assert refreshed["refresh_token"] == tokens["refresh_token"]
    assert (await client.get("/userinfo", refreshed["access_token"])).status_code == 200


async def test_the_metadata_names_only_what_fits(app: Application) -> None:
    """discovery-end-point-verification; sections 5.3.2.1-6 and 5.4.1"""
    metadata = (await app.http.get("/.well-known/openid-configuration")).json()

    by_algorithm = [name for name in metadata if name.endswith("alg_values_supported")]
    by_method = [name for name in metadata if name.endswith("auth_methods_supported")]
    assert len(by_algorithm) == 7
    assert len(by_method) == 3
    assert {name: metadata[name] for name in by_algorithm} == dict.fromkeys(
        by_algorithm, ALGORITHMS
    )
    assert {name: metadata[name] for name in by_method} == dict.fromkeys(by_method, METHODS)
    assert metadata["grant_types_supported"] == [
        "authorization_code",
        "client_credentials",
        "refresh_token",
    ]
    assert metadata["require_pushed_authorization_requests"] is True
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["tls_client_certificate_bound_access_tokens"] is True
    assert not {"registration_endpoint", "device_authorization_endpoint"} & metadata.keys()


async def test_the_published_keys_have_the_algorithms_of_the_profile(app: Application) -> None:
    """Section 5.4.1"""
    keys = (await app.http.get("/jwks")).json()["keys"]

    assert sorted(key["alg"] for key in keys) == sorted(ALGORITHMS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"token_endpoint_auth_method": "none", "grant_types": None}, "token_endpoint_auth"),
        ({"token_endpoint_auth_method": None, "jwks": None}, "token_endpoint_auth"),
        ({"token_endpoint_auth_method": "client_secret_basic", "jwks": None}, "token_endpoint"),
        ({"grant_types": ["password"]}, "grant types"),
        ({"id_token_signed_response_alg": "RS256"}, "PS256"),
    ],
)
async def test_other_clients_cannot_be_created(
    app: Application, changes: dict[str, Any], message: str
) -> None:
    """Sections 5.3.2.1-1, -2 and -6"""
    response = await create(app, **changes)

    assert_problem(response, 422, "invalid_client_metadata")
    assert message in response.json()["detail"]


async def test_neither_creation_nor_registration_is_open(app: Application) -> None:
    """RFC 7591 section 3"""
    body = {"client_name": "x", "redirect_uri": REDIRECT_URI}

    assert (await app.http.post("/create_client", json=body)).status_code == 401
    assert (
        await app.http.post("/register", json={"redirect_uris": [REDIRECT_URI]})
    ).status_code == 401


@pytest.mark.parametrize("grant_type", ["password", "urn:ietf:params:oauth:grant-type:device_code"])
async def test_other_grants_are_not_supported(client: FapiClient, grant_type: str) -> None:
    """Section 5.3.2.1-2"""
    response = await client.token({"grant_type": grant_type, "username": "x", "password": "x"})

    assert_oauth_error(response, "unsupported_grant_type")


async def test_clients_from_before_are_refused(start_app: AppFactory) -> None:
    """Sections 5.3.2.1-1 and -6: PROFILE holds for what is stored, too"""
    before = await start_app()
    secret = await before.create_client()
    public = await before.create_client(token_endpoint_auth_method="none")
    app = await start_app(database_url=before.settings.database_url, profile="fapi2")
    named = {"client_id": public.client_id}

    by_secret = await app.client_credentials(secret)
    by_name = await app.token(None, grant_type="refresh_token", refresh_token="x", **named)
    pushed = await app.http.post("/par", data=dict(parse_qsl(query(public))))

    for refused in (by_secret, by_name, pushed):
        assert_oauth_error(refused, "invalid_client", status=401)


async def test_personal_access_tokens_are_of_no_use(start_app: AppFactory) -> None:
    """Section 5.3.2.1-4: they are not bound"""
    before = await start_app()
    made = await before.create_client(
        token_endpoint_auth_method="private_key_jwt", jwks=jwks(KEY), grant_types=GRANT_TYPES
    )
    resource = await new_resource(before, allows_personal_tokens=True, servers=[made.client_id])
    user = await before.enrolled_user()
    owner = await services_of(before).accounts.users.get(user.username)
    token = await services_of(before).oauth.personal_tokens.create(
        owner, name="script", resource_name=resource.name, scopes=["read"], days=1
    )
    app = await start_app(
        database_url=before.settings.database_url, profile="fapi2", clock=before.clock
    )
    client = FapiClient(app, made.client_id, KEY, prover(app), None)
    earlier = FapiClient(before, made.client_id, KEY, prover(before), None)

    known = (await earlier.post("/introspect", {"token": token})).json()
    unknown = (await client.post("/introspect", {"token": token})).json()

    assert known["active"] is True
    assert unknown == {"active": False}
    assert list(await services_of(app).oauth.personal_tokens.resources_for(owner)) == []


async def test_registration_with_a_token_is_for_clients_that_fit(start_app: AppFactory) -> None:
    """RFC 7591 section 3, sections 5.3.2.1-1 and -6"""
    app = await start_app(profile="fapi2", dynamic_registration="token")
    metadata = (await app.http.get("/.well-known/openid-configuration")).json()
    invitation, _ = await services_of(app).clients.initial_access_tokens.create(
        "partner", lasts=timedelta(days=1), authority=FULL
    )
    headers = {"Authorization": f"Bearer {invitation}"}
    fitting = {
        "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": jwks(KEY),
    }

    accepted = await app.http.post("/register", json=fitting, headers=headers)
    refused = [
        await app.http.post("/register", json={**fitting, **changes}, headers=headers)
        for changes in (
            {"token_endpoint_auth_method": "none"},
            {"token_endpoint_auth_method": None},
            {"id_token_signed_response_alg": "RS256"},
        )
    ]

    assert "registration_endpoint" not in metadata  # it needs a token
    assert accepted.status_code == 201, accepted.text
    assert accepted.json()["id_token_signed_response_alg"] == "PS256"
    for answer in refused:
        assert_oauth_error(answer, "invalid_client_metadata")
