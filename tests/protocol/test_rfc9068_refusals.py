"""JWT access tokens that are forged, of another kind, expired or revoked (RFC 9068 section 4)."""

import json
from typing import Any

import pytest
import pytest_asyncio

from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.protocol.jwt_resources import (
    AT_JWT,
    SCOPE,
    Api,
    jwt_api,
    own_token,
    parts_of,
    signed_by_us,
    signed_with_public_key,
    unsigned,
)
from tests.support.administration import reset_password, set_user_disabled
from tests.support.application import Application, TestClient, TestUser
from tests.support.client_jwts import encoded, signing_key
from tests.support.parts import count, services_of
from tests.support.resources import make_default
from tests.support.visitor import Visitor

INACTIVE = {"active": False}


@pytest_asyncio.fixture
async def service(app: Application) -> TestClient:
    return await app.create_client(scope=SCOPE)


@pytest_asyncio.fixture
async def api(app: Application) -> Api:
    return await jwt_api(app)


@pytest_asyncio.fixture
async def token(app: Application, service: TestClient, api: Api, user: TestUser) -> str:
    """Of a user who let the client do something."""
    response = await app.password_grant(service, user, resource=api.identifier, scope="openid read")
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


async def is_active(app: Application, api: Api, token: str) -> bool:
    body = await app.introspect(api.server, token)
    assert body["active"] or body == INACTIVE
    return bool(body["active"])


async def assert_refused(app: Application, service: TestClient, api: Api, token: str) -> None:
    """At introspection and at UserInfo, which accepts the tokens for this resource."""
    await make_default(app, service, api.resource)
    answer = await app.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert not await is_active(app, api, token)
    assert answer.status_code == 401, answer.text
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_token_that_is_not_forged_is_accepted(
    app: Application, service: TestClient, api: Api, token: str
) -> None:
    """So that the tests below refuse for their own reason"""
    await make_default(app, service, api.resource)
    answer = await app.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})

    assert await is_active(app, api, token)
    assert answer.status_code == 200
    again = await signed_by_us(app, parts_of(token)[1])
    assert await is_active(app, api, again)


async def test_unsigned_and_symmetric_signatures_are_refused(
    app: Application, service: TestClient, api: Api, token: str
) -> None:
    """SECURITY_BAR row 35; RFC 9068 section 4, RFC 8725 section 3.1"""
    key = (await app.http.get("/jwks")).json()["keys"][0]
    secrets = [json.dumps(key).encode(), key.get("n", key.get("x", "")).encode()]

    await assert_refused(app, service, api, unsigned(token))
    for secret in secrets:
        await assert_refused(app, service, api, signed_with_public_key(token, secret))


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "EdDSA", "Ed25519", "ES384", "es256", 5])
async def test_the_header_must_name_the_algorithm_of_its_key(
    app: Application, service: TestClient, api: Api, token: str, algorithm: Any
) -> None:
    """SECURITY_BAR row 35"""
    header, claims, signature = parts_of(token)
    forged = f"{encoded({**header, 'alg': algorithm})}.{encoded(claims)}.{signature}"

    await assert_refused(app, service, api, forged)


async def test_a_key_of_another_server_is_refused(
    app: Application, service: TestClient, api: Api, token: str
) -> None:
    """SECURITY_BAR row 35: unknown `kid`, ours, none, and one in the header"""
    header, claims, _ = parts_of(token)
    stranger = signing_key("ES256", "stranger")

    for kid in (stranger.kid, header["kid"], None, 7):
        await assert_refused(app, service, api, stranger.sign(claims, typ=AT_JWT, kid=kid))
    for member in ("jwk", "jku", "x5u"):
        forged = stranger.sign(claims, typ=AT_JWT, **{member: stranger.public})
        await assert_refused(app, service, api, forged)


async def test_a_changed_token_is_refused(
    app: Application, service: TestClient, api: Api, token: str
) -> None:
    header, _, signature = token.split(".")
    claims = {**parts_of(token)[1], "scope": "openid read write"}

    await assert_refused(app, service, api, f"{header}.{encoded(claims)}.{signature}")
    await assert_refused(app, service, api, f"{token}.")
    await assert_refused(app, service, api, token[:-4])
    await assert_refused(app, service, api, "eyJ")


@pytest.mark.parametrize("typ", ["JWT", "logout+jwt", "application/at+jwt", "AT+JWT", ""])
async def test_another_type_is_refused(
    app: Application, service: TestClient, api: Api, token: str, typ: str
) -> None:
    """SECURITY_BAR row 35: wrong `typ`; we sign one spelling only"""
    await assert_refused(app, service, api, await signed_by_us(app, parts_of(token)[1], typ=typ))


async def test_another_issuer_or_audience_is_refused(
    app: Application, service: TestClient, api: Api, token: str
) -> None:
    """SECURITY_BAR row 35"""
    claims = parts_of(token)[1]
    for changed in (
        {"iss": "https://other.example"},
        {"aud": "https://other.example"},
        {"aud": f"{api.identifier}/"},
    ):
        await assert_refused(app, service, api, await signed_by_us(app, {**claims, **changed}))


async def test_only_clients_that_act_as_the_server_introspect_a_token(
    app: Application, service: TestClient, api: Api, token: str, other_client: TestClient
) -> None:
    """SECURITY_BAR row 39: neither its own client nor that of another resource"""
    other_api = await jwt_api(app)

    assert await is_active(app, api, token)
    for client in (service, other_client, other_api.server):
        assert await app.introspect(client, token) == INACTIVE


async def test_an_expired_token_is_refused(
    app: Application, service: TestClient, api: Api, token: str
) -> None:
    """SECURITY_BAR row 35"""
    app.clock.advance(seconds=599)
    assert await is_active(app, api, token)
    app.clock.advance(seconds=1)

    await assert_refused(app, service, api, token)


async def test_an_id_token_is_no_access_token_and_the_reverse(
    app: Application, service: TestClient, api: Api, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 36; RFC 9068 section 4"""
    tokens = await visitor.tokens_for(
        service, user, resource=api.identifier, scope="openid offline_access read"
    )

    await assert_refused(app, service, api, tokens["id_token"])
    assert await is_active(app, api, tokens["access_token"])
    id_tokens = services_of(app).oauth.id_tokens
    assert await id_tokens.read_hint(tokens["id_token"]) is not None
    assert await id_tokens.read_hint(tokens["access_token"]) is None
    for form in (
        {"grant_type": "refresh_token", "refresh_token": tokens["access_token"]},
        {"grant_type": "authorization_code", "code": tokens["access_token"]},
    ):
        assert (await app.token(service, **form)).json()["error"] == "invalid_grant"


@pytest.mark.both_databases
async def test_a_client_revokes_its_own_token_only(
    app: Application, service: TestClient, api: Api, token: str, other_client: TestClient
) -> None:
    """SECURITY_BAR row 39; RFC 7009 section 2.1"""
    assert (await app.revoke(other_client, token)).status_code == 200
    assert (await app.revoke(api.server, token)).status_code == 200
    assert await is_active(app, api, token)

    assert (await app.revoke(service, token)).status_code == 200
    assert (await app.revoke(service, token)).status_code == 200

    await assert_refused(app, service, api, token)


@pytest.mark.both_databases
async def test_a_revoked_token_leaves_the_others_of_its_family(
    app: Application, service: TestClient, api: Api, user: TestUser
) -> None:
    first = (await app.password_grant(service, user, resource=api.identifier)).json()
    second = (await app.refresh(service, first["refresh_token"])).json()

    await app.revoke(service, first["access_token"])

    assert not await is_active(app, api, first["access_token"])
    assert await is_active(app, api, second["access_token"])
    assert (await app.refresh(service, second["refresh_token"])).status_code == 200


@pytest.mark.both_databases
async def test_the_token_of_a_client_can_be_revoked(
    app: Application, service: TestClient, api: Api
) -> None:
    revoked, other = await own_token(app, service, api), await own_token(app, service, api)

    await app.revoke(service, revoked)

    assert not await is_active(app, api, revoked)
    assert await is_active(app, api, other)


@pytest.mark.both_databases
async def test_housekeeping_forgets_revoked_tokens_that_have_expired(
    app: Application, service: TestClient, api: Api
) -> None:
    services = services_of(app)
    token = await own_token(app, service, api)
    await app.revoke(service, token)
    await services.operations.housekeeping.run_once()
    while_valid = await is_active(app, api, token)
    app.clock.advance(seconds=3600)

    await app.revoke(service, token)  # expired: there is nothing to store
    await services.operations.housekeeping.run_once()

    assert not while_valid
    assert await count(services.core.database, "denied_tokens") == 0


@pytest.mark.both_databases
async def test_revoking_the_family_ends_its_token(
    app: Application, service: TestClient, api: Api, user: TestUser
) -> None:
    tokens = (await app.password_grant(service, user, resource=api.identifier)).json()

    await app.revoke(service, tokens["refresh_token"])

    await assert_refused(app, service, api, tokens["access_token"])


@pytest.mark.both_databases
async def test_disabling_the_user_ends_the_token(
    app: Application, service: TestClient, api: Api, user: TestUser, token: str
) -> None:
    await set_user_disabled(services_of(app), user.username, disabled=True)

    assert not await is_active(app, api, token)


@pytest.mark.both_databases
async def test_changing_the_password_ends_the_token(
    app: Application, service: TestClient, api: Api, user: TestUser, token: str
) -> None:
    await reset_password(services_of(app), user.username, "another correct horse battery")

    assert not await is_active(app, api, token)


@pytest.mark.both_databases
async def test_disabling_the_client_ends_its_tokens(
    app: Application, service: TestClient, api: Api, token: str
) -> None:
    own = await own_token(app, service, api)
    await services_of(app).clients.administration.set_disabled(
        service.client_id, disabled=True, authority=FULL
    )

    for each in (own, token):
        assert not await is_active(app, api, each)


async def test_deleting_the_resource_ends_its_tokens(
    app: Application, service: TestClient, api: Api, token: str
) -> None:
    await services_of(app).oauth.resources.delete(api.resource.name, authority=FULL)

    assert not await is_active(app, api, token)


async def test_a_family_of_another_client_is_refused(
    app: Application, service: TestClient, api: Api, token: str, other_client: TestClient
) -> None:
    """The id of the family is sealed for one client"""
    claims = {**parts_of(token)[1], "client_id": other_client.client_id}

    assert not await is_active(app, api, await signed_by_us(app, claims))
    for jti in ("not-base64!", "AAAA", ""):
        forged = await signed_by_us(app, {**parts_of(token)[1], "jti": jti})
        assert not await is_active(app, api, forged)


async def test_a_token_signed_by_a_retired_key_is_refused(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 35: others no longer find the key either"""
    app = await start_app()
    service, api = await app.create_client(scope=SCOPE), await jwt_api(app)
    claims = parts_of(await own_token(app, service, api))[1]
    old = await signed_by_us(app, {**claims, "exp": claims["exp"] + 10**7})
    assert await is_active(app, api, old)

    await services_of(app).oauth.signing_keys.rotate("ES256", authority=FULL)
    app.clock.advance(seconds=60 + 3600 + 86_400 + 11)

    assert not await is_active(app, api, old)


async def test_the_metadata_lists_both_names_of_eddsa_for_what_others_sign(
    app: Application,
) -> None:
    """RFC 9864"""
    metadata = (await app.http.get("/.well-known/openid-configuration")).json()

    others = [name for name in metadata if name.endswith("signing_alg_values_supported")]
    ours = ("id_token_signing_alg_values_supported", "userinfo_signing_alg_values_supported")
    assert set(others) > set(ours)
    for name in others:
        assert "EdDSA" in metadata[name]
        assert ("Ed25519" in metadata[name]) == (name not in ours)
