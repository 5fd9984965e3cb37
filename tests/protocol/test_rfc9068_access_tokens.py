"""JWT access tokens of resources that verify them by themselves (RFC 9068)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text

from app.services.accounts.sessions import ACR_MFA
from tests.protocol.jwt_resources import AT_JWT, SCOPE, Api, jwt_api, own_token, parts_of, verified
from tests.support.administration import id_of, new_group, set_policies
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import count, services_of
from tests.support.resources import make_default
from tests.support.visitor import Visitor, redeem


@pytest_asyncio.fixture
async def service(app: Application) -> TestClient:
    return await app.create_client(scope=SCOPE)


@pytest_asyncio.fixture
async def api(app: Application) -> Api:
    return await jwt_api(app)


@pytest.mark.both_databases
async def test_the_token_of_a_client_states_its_client_scope_and_times(
    app: Application, service: TestClient, api: Api
) -> None:
    """RFC 9068 sections 2.1 and 2.2; the default lifetime is ten minutes"""
    response = await app.client_credentials(service, resource=api.identifier, scope="write")

    token, now = response.json()["access_token"], int(app.clock.now().timestamp())
    assert parts_of(token)[0] | {"kid": ""} == {"alg": "ES256", "typ": AT_JWT, "kid": ""}
    claims = await verified(app, token, api)
    assert len(claims.pop("jti")) == 32
    assert claims == {
        "iss": app.settings.issuer_url,
        "sub": service.client_id,
        "aud": api.identifier,
        "client_id": service.client_id,
        "scope": "read write",
        "iat": now,
        "exp": now + 600,
    }
    assert response.json() == {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": 600,
        "scope": "read write",
    }


@pytest.mark.both_databases
async def test_a_jwt_stores_no_row_of_its_own(
    app: Application, service: TestClient, api: Api, user: TestUser
) -> None:
    database = services_of(app).core.database
    tables = ("access_tokens", "token_families", "refresh_tokens")
    before = [await count(database, table) for table in tables]

    await own_token(app, service, api)
    after_client = [await count(database, table) for table in tables]
    await app.password_grant(service, user, resource=api.identifier)
    after_user = [await count(database, table) for table in tables]

    assert after_client == before
    assert after_user == [before[0], before[1] + 1, before[2] + 1]


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA", "RS256", "PS256"])
async def test_a_resource_chooses_the_algorithm(
    app: Application, service: TestClient, algorithm: str
) -> None:
    """The header of an Ed25519 signature stays `EdDSA`; a key is published when it first signs"""
    api = await jwt_api(app, signing_alg=algorithm)

    token = await own_token(app, service, api)

    assert parts_of(token)[0]["alg"] == algorithm
    assert (await app.introspect(api.server, token))["active"]
    keys = (await app.http.get("/jwks")).json()["keys"]
    (key,) = [key for key in keys if key["kid"] == parts_of(token)[0]["kid"]]
    assert key["alg"] == algorithm


@pytest.mark.parametrize(
    ("algorithm", "in_pool"), [("ES256", 0), ("EdDSA", 0), ("RS256", 1), ("PS256", 1)]
)
async def test_only_rsa_signs_in_the_bounded_threads(
    app: Application,
    service: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    algorithm: str,
    in_pool: int,
) -> None:
    """ARCHITECTURE: elliptic curves take less time than the way to a thread"""
    api = await jwt_api(app, signing_alg=algorithm)
    await own_token(app, service, api)  # makes the key
    threads, calls = services_of(app).core.signature_threads, 0
    run = threads.run

    async def counted(work: Callable[[], Any]) -> Any:
        nonlocal calls
        calls += 1
        return await run(work)

    monkeypatch.setattr(threads, "run", counted)
    await own_token(app, service, api)

    assert calls == in_pool


@pytest.mark.both_databases
async def test_the_token_of_a_user_states_the_sign_in(
    app: Application, service: TestClient, api: Api, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9068 section 2.2.1; RFC 9470 section 6: of the code, and of a refresh later"""
    signed_in_at = int(app.clock.now().timestamp())
    first = await visitor.tokens_for(
        service, user, resource=api.identifier, scope="openid offline_access read"
    )
    app.clock.advance(seconds=300)
    second = (await app.refresh(service, first["refresh_token"])).json()

    subject = await id_of(app, user)
    for tokens in (first, second):
        claims = await verified(app, tokens["access_token"], api)
        assert (claims["sub"], claims["client_id"]) == (subject, service.client_id)
        assert (claims["auth_time"], claims["acr"]) == (signed_in_at, ACR_MFA)
        assert "amr" not in claims
        assert "username" not in claims
        body = await app.introspect(api.server, tokens["access_token"])
        assert (body["auth_time"], body["acr"]) == (signed_in_at, ACR_MFA)
    assert second["id_token"]


async def test_an_opaque_token_states_the_sign_in_at_introspection(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9470 section 6.2"""
    tokens = await visitor.tokens_for(client, user)

    body = await app.introspect(client, tokens["access_token"])

    id_token = parts_of(tokens["id_token"])[1]
    assert (body["auth_time"], body["acr"]) == (id_token["auth_time"], ACR_MFA)


@pytest.mark.both_databases
async def test_the_first_token_after_a_step_up_has_the_new_sign_in(
    app: Application, service: TestClient, api: Api, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9470 section 4: `max_age` of the challenge leads to a newer `auth_time`"""
    first = await visitor.tokens_for(service, user, resource=api.identifier)
    app.clock.advance(seconds=120)

    again = await visitor.tokens_for(service, user, resource=api.identifier, max_age="60")

    before = await verified(app, first["access_token"], api)
    claims = await verified(app, again["access_token"], api)
    assert claims["auth_time"] >= before["auth_time"] + 120
    assert claims["auth_time"] == parts_of(again["id_token"])[1]["auth_time"]


async def test_introspection_returns_what_the_token_says(
    app: Application, service: TestClient, api: Api, user: TestUser
) -> None:
    """RFC 7662 section 2.2"""
    tokens = (await app.password_grant(service, user, resource=api.identifier)).json()

    body = await app.introspect(api.server, tokens["access_token"])

    now = int(app.clock.now().timestamp())
    assert body == {
        "active": True,
        "scope": "read",
        "client_id": service.client_id,
        "username": user.username,
        "token_type": "Bearer",
        "iat": now,
        "exp": now + 600,
        "sub": await id_of(app, user),
        "iss": app.settings.issuer_url,
        "aud": api.identifier,
    }


async def test_groups_and_mapped_claims_are_those_of_the_client(
    app: Application, service: TestClient, api: Api, user: TestUser
) -> None:
    """RFC 9068 section 2.2.3.1"""
    mapping = {"name": "team", "source": "static", "value": "blue", "targets": ["access_token"]}
    elsewhere = {"name": "hidden", "source": "static", "value": "x", "targets": ["userinfo"]}
    await set_policies(app, service, claim_mappings=[mapping, elsewhere])
    group = await new_group(app, user)

    with_scope = await app.password_grant(
        service, user, resource=api.identifier, scope="groups read"
    )
    without = await app.password_grant(service, user, resource=api.identifier, scope="read")

    first = await verified(app, with_scope.json()["access_token"], api)
    second = await verified(app, without.json()["access_token"], api)
    assert (first["groups"], first["team"]) == ([group.name], "blue")
    assert second["team"] == "blue"
    assert "groups" not in second
    assert "hidden" not in first


async def test_a_client_with_pairwise_subjects_gets_pseudonyms(
    app: Application, api: Api, user: TestUser, visitor: Visitor
) -> None:
    """OpenID Connect Core section 8.1; no identifier in a token is shared by two clients"""
    pairwise = {
        "subject_type": "pairwise",
        "scope": SCOPE,
        "grant_types": ["authorization_code", "refresh_token"],
    }
    one = await app.create_client(**pairwise)
    other = await app.create_client(scope=SCOPE)

    mine = await visitor.tokens_for(one, user, resource=api.identifier)
    theirs = await visitor.tokens_for(other, user, resource=api.identifier)

    first = await verified(app, mine["access_token"], api)
    second = await verified(app, theirs["access_token"], api)
    subject = await id_of(app, user)
    assert first["sub"] not in (subject, second["sub"])
    assert subject not in json.dumps(first)
    body = await app.introspect(api.server, mine["access_token"])
    assert body["sub"] == first["sub"]
    assert "username" not in body


async def test_no_id_of_the_family_is_readable_in_a_token(
    app: Application, service: TestClient, api: Api, user: TestUser
) -> None:
    first = (await app.password_grant(service, user, resource=api.identifier)).json()
    second = (await app.refresh(service, first["refresh_token"])).json()

    database = services_of(app).core.database
    rows = await database.fetch_all(text("SELECT family_id FROM token_families"))
    claims = [parts_of(each["access_token"])[1] for each in (first, second)]
    assert len({each["jti"] for each in claims}) == 2
    for row in rows:
        assert row[0] not in json.dumps(claims)


@pytest.mark.both_databases
async def test_a_refresh_that_is_repeated_gets_the_same_token_again(
    app: Application, service: TestClient, api: Api, user: TestUser
) -> None:
    """A signature of ES256 is random, so the claims are compared, with `jti` and times"""
    first = (await app.password_grant(service, user, resource=api.identifier)).json()
    second = (await app.refresh(service, first["refresh_token"])).json()
    app.clock.advance(seconds=10)

    again = (await app.refresh(service, first["refresh_token"])).json()

    assert again["refresh_token"] == second["refresh_token"]
    assert again["expires_in"] == second["expires_in"] - 10
    one, other = (parts_of(each["access_token"])[1] for each in (second, again))
    assert one == other
    assert (await app.introspect(api.server, again["access_token"]))["active"]


@pytest.mark.parametrize(("ttl", "expected"), [(None, 600), (120, 120), (3600, 3600)])
async def test_a_resource_states_the_lifetime(
    app: Application, service: TestClient, ttl: int | None, expected: int
) -> None:
    api = await jwt_api(app, access_token_ttl=ttl)

    response = await app.client_credentials(service, resource=api.identifier)

    claims = await verified(app, response.json()["access_token"], api)
    assert response.json()["expires_in"] == claims["exp"] - claims["iat"] == expected


async def test_userinfo_accepts_the_token_for_the_default_resource_of_its_client(
    app: Application, service: TestClient, api: Api, user: TestUser, visitor: Visitor
) -> None:
    """Grafana and Spring send one token to UserInfo and to their API"""
    await make_default(app, service, api.resource)
    tokens = await visitor.tokens_for(service, user, scope="openid profile read")

    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    info = await app.http.get("/userinfo", headers=bearer)
    profile = await app.profile(tokens["access_token"])
    await make_default(app, service, None)
    without_default = await app.http.get("/userinfo", headers=bearer)

    assert info.status_code == 200, info.text
    assert info.json()["preferred_username"] == user.username
    assert profile.status_code == without_default.status_code == 401


async def test_userinfo_accepts_the_token_of_a_user_in_many_groups(
    app: Application, service: TestClient, api: Api, user: TestUser, visitor: Visitor
) -> None:
    """What was issued is accepted everywhere, also if proxies of others would refuse the header"""
    names = [f"{app.new_name('team')}-{'x' * 110}" for _ in range(140)]
    for name in names:
        await new_group(app, user, name=name)
    await make_default(app, service, api.resource)
    token = (await visitor.tokens_for(service, user, scope="openid groups read"))["access_token"]

    body = await app.introspect(api.server, token)
    info = await app.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})

    assert len(token) > 20_000
    assert (body["active"], sorted(body["groups"])) == (True, sorted(names))
    assert (info.status_code, sorted(info.json()["groups"])) == (200, sorted(names))


async def test_a_code_that_is_replayed_ends_the_jwt_of_a_client_without_refresh_tokens(
    app: Application, api: Api, user: TestUser, visitor: Visitor
) -> None:
    client = await app.create_client(scope=SCOPE, grant_types=["authorization_code"])
    code = await visitor.code_for(client, user, resource=api.identifier)

    tokens: Any = (await redeem(app, client, code)).json()
    replay = await redeem(app, client, code)

    assert "refresh_token" not in tokens
    assert replay.status_code == 400
    assert not (await app.introspect(api.server, tokens["access_token"]))["active"]
