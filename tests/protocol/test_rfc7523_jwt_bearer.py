"""JWT bearer grant and workload identity (RFC 7523 sections 2.1 and 3)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.oauth.grants.jwt_bearer import JWT_BEARER
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.protocol.wire import basic
from tests.support.administration import id_of, set_policies, set_user_disabled
from tests.support.application import NO_LIMITS, Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import (
    jwks,
    signed_with_the_public_key,
    signing_key,
    unsigned,
)
from tests.support.parts import services_of
from tests.support.peer import HOST, Answer, Authority, Peer, running_peer
from tests.support.refusals import recorded_refusals
from tests.support.resources import make_default, new_resource
from tests.support.trusted_issuers import Workload, new_workload, workload_client

APP_SETTINGS = NO_LIMITS


@pytest_asyncio.fixture
async def service(app: Application) -> TestClient:
    return await workload_client(app)


@pytest_asyncio.fixture
async def workload(app: Application, service: TestClient) -> Workload:
    return await new_workload(app, client_id=service.client_id, scopes=["profile"])


@pytest.mark.both_databases
async def test_a_workload_gets_a_token_of_its_client_without_a_secret(
    app: Application, service: TestClient, workload: Workload
) -> None:
    response = await workload.token()

    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["scope"] == "profile"
    assert "refresh_token" not in body
    shown = await app.introspect(service, body["access_token"])
    assert shown["client_id"] == shown["sub"] == service.client_id
    assert "aud" not in shown


async def test_a_client_id_that_is_equal_or_credentials_of_the_client_are_accepted(
    service: TestClient, workload: Workload
) -> None:
    assert (await workload.token(client_id=service.client_id)).status_code == 200
    assert (await workload.token(client=service)).status_code == 200


async def test_a_client_id_of_another_client_is_refused(
    app: Application, workload: Workload
) -> None:
    """SECURITY_BAR row 37: an assertion stands for one client"""
    other = await workload_client(app)

    assert_oauth_error(await workload.token(client_id=other.client_id), "invalid_request")
    assert_oauth_error(await workload.token(client=other), "invalid_grant")
    headers = {"Authorization": basic(other.client_id, "")}
    form = {"grant_type": JWT_BEARER, "assertion": workload.assertion()}
    named = await app.http.post("/token", data=form, headers=headers)
    assert_oauth_error(named, "invalid_request")


async def test_wrong_credentials_are_not_ignored(service: TestClient, workload: Workload) -> None:
    wrong = TestClient(service.client_id, "wrong")

    assert_oauth_error(await workload.token(client=wrong), "invalid_client", status=401)


async def test_the_same_assertion_is_accepted_again_until_it_expires(
    app: Application, workload: Workload
) -> None:
    assertion = workload.assertion(jti="once")

    assert (await workload.token(assertion)).status_code == 200
    app.clock.advance(seconds=599)
    assert (await workload.token(assertion)).status_code == 200
    app.clock.advance(seconds=20)
    assert_oauth_error(await workload.token(assertion), "invalid_grant")


@pytest.mark.parametrize(
    "changes",
    [
        {"iat": None},
        {"exp": None},
        {"iat": "now"},
        {"exp": True},
        {"sub": None},
        {"sub": ["repo:octo/app:ref:refs/heads/main"]},
        {"sub": "repo:octo/app:ref:refs/heads/main/x"},
        {"sub": "repo:octo/app-evil:ref:refs/heads/main"},
        {"iss": "https://stranger.example"},
        {"iss": None},
        {"aud": None},
        {"aud": "https://stranger.example"},
        {"aud": []},
    ],
    ids=str,
)
async def test_a_wrong_claim_is_refused(workload: Workload, changes: dict[str, Any]) -> None:
    """SECURITY_BAR row 35; RFC 7523 section 3"""
    assert_oauth_error(await workload.token(workload.assertion(**changes)), "invalid_grant")


async def test_an_audience_beside_ours_is_refused(app: Application, workload: Workload) -> None:
    """SECURITY_BAR row 35: another server could present it here"""
    ours = app.settings.issuer_url

    both = await workload.token(workload.assertion(aud=[ours, "https://stranger.example"]))
    assert_oauth_error(both, "invalid_grant")
    assert (await workload.token(workload.assertion(aud=[ours]))).status_code == 200


async def test_times_outside_of_the_bounds_are_refused(
    app: Application, workload: Workload
) -> None:
    """SECURITY_BAR row 35: expired, not yet valid, or valid for longer than the row allows"""
    now = int(app.clock.now().timestamp())

    for changes in (
        {"exp": now - 11},
        {"iat": now + 61, "exp": now + 600},
        {"nbf": now + 61},
        {"exp": now + 3700},
        {"iat": now - 3600, "exp": now + 600},
    ):
        assert_oauth_error(await workload.token(workload.assertion(**changes)), "invalid_grant")


async def test_a_row_may_allow_a_day(app: Application, service: TestClient) -> None:
    now = int(app.clock.now().timestamp())
    workload = await new_workload(app, client_id=service.client_id, maximum_age=86_400)

    day = await workload.token(workload.assertion(iat=now, exp=now + 86_400))
    longer = await workload.token(workload.assertion(iat=now, exp=now + 86_500))

    assert day.status_code == 200
    assert_oauth_error(longer, "invalid_grant")


async def test_forged_signatures_are_refused(workload: Workload) -> None:
    """SECURITY_BAR row 35: none, HS256 with the public key, another key, key in the header"""
    claims, key, stranger = workload.claims(), workload.key, signing_key(name="stranger")
    public = json.dumps(key.public).encode()

    for forged in (
        unsigned(claims),
        unsigned(claims, kid=key.kid),
        signed_with_the_public_key(key, claims, public),
        stranger.sign(claims),
        stranger.sign(claims, kid=key.kid),
        stranger.sign(claims, jwk=stranger.public),
        stranger.sign(claims, jku="https://stranger.example/jwks"),
        workload.assertion()[:-4] + "AAAA",
        "not a JWT",
    ):
        assert_oauth_error(await workload.token(forged), "invalid_grant")


async def test_an_algorithm_that_the_row_does_not_list_is_refused(
    app: Application, service: TestClient
) -> None:
    """SECURITY_BAR row 35"""
    key = signing_key("PS256")
    workload = await new_workload(
        app, key=key, client_id=service.client_id, algorithms=["ES256", "RS256"]
    )

    assert_oauth_error(await workload.token(), "invalid_grant")


@pytest.mark.parametrize("typ", ["at+jwt", "logout+jwt", "dpop+jwt", "client-authentication+jwt"])
async def test_a_jwt_of_another_type_is_refused(workload: Workload, typ: str) -> None:
    """SECURITY_BAR row 35; RFC 8725 section 3.11"""
    assertion = workload.key.sign(workload.claims(), typ=typ)

    assert_oauth_error(await workload.token(assertion), "invalid_grant")


async def test_two_issuers_with_the_same_kid_verify_only_their_own_tokens(
    app: Application, service: TestClient
) -> None:
    """SECURITY_BAR row 35: two issuers with one `kid`"""
    mine, theirs = signing_key(name="mine"), signing_key("ES256", "theirs")
    first = await new_workload(app, key=mine, client_id=service.client_id)
    other = await workload_client(app)
    second = await new_workload(app, key=theirs, client_id=other.client_id, jwks={
        "keys": [{**theirs.public, "kid": mine.kid}]
    })  # fmt: skip

    own = await second.token(theirs.sign(second.claims(), kid=mine.kid))
    crossed = await first.token(theirs.sign(first.claims(), kid=mine.kid))

    assert own.status_code == 200
    assert_oauth_error(crossed, "invalid_grant")


async def test_a_required_claim_must_have_its_exact_value(
    app: Application, service: TestClient
) -> None:
    workload = await new_workload(
        app,
        client_id=service.client_id,
        claims={"repository_owner_id": "65", "kubernetes.io/serviceaccount/name": "cart"},
    )
    account = {"serviceaccount": {"name": "cart"}}
    right = {"repository_owner_id": "65", "kubernetes.io": account}

    assert (await workload.token(workload.assertion(**right))).status_code == 200
    for wrong in (
        {},
        {**right, "repository_owner_id": 65},
        {**right, "repository_owner_id": "650"},
        {**right, "repository_owner_id": ["65"]},
        {**right, "kubernetes.io": {"serviceaccount": {"name": "Cart"}}},
        {**right, "kubernetes.io": {"serviceaccount": "cart"}},
        {**right, "kubernetes.io": "serviceaccount/name"},
    ):
        assert_oauth_error(await workload.token(workload.assertion(**wrong)), "invalid_grant")


async def test_of_several_rows_that_match_none_is_chosen_unless_the_client_is_named(
    app: Application, service: TestClient, workload: Workload
) -> None:
    other = await workload_client(app)
    await new_workload(app, client_id=other.client_id, issuer=workload.row.issuer)

    assert_oauth_error(await workload.token(), "invalid_grant")
    for each in (service, other):
        token = (await workload.token(client_id=each.client_id)).json()["access_token"]
        assert (await app.introspect(each, token))["client_id"] == each.client_id


async def test_scope_is_at_most_that_of_the_row(app: Application, workload: Workload) -> None:
    """SECURITY_BAR row 40: no wider scope"""
    assert_oauth_error(await workload.token(scope="email"), "invalid_scope")
    assert_oauth_error(await workload.token(scope="profile email"), "invalid_scope")
    assert (await workload.token(scope="profile")).json()["scope"] == "profile"


async def test_a_resource_must_be_named_by_the_row(app: Application, service: TestClient) -> None:
    """SECURITY_BAR row 40: no other audience"""
    server = await app.create_client()
    allowed = await new_resource(app, servers=[server.client_id])
    other = await new_resource(app)
    workload = await new_workload(
        app, client_id=service.client_id, scopes=["write"], resources=[allowed.name]
    )

    narrowed = await workload.token(resource=allowed.identifier, scope="write")
    by_default = await workload.token(resource=allowed.identifier)

    assert narrowed.json()["scope"] == "read write"
    shown = await app.introspect(server, narrowed.json()["access_token"])
    assert shown["aud"] == allowed.identifier
    assert by_default.json()["scope"] == "read"  # `write` implies it
    assert_oauth_error(await workload.token(resource=other.identifier), "invalid_target")
    await make_default(app, service, other)
    assert_oauth_error(await workload.token(), "invalid_target")


async def test_the_client_must_have_the_grant_be_confidential_and_active(
    app: Application, service: TestClient, workload: Workload
) -> None:
    ordinary = await app.create_client()
    without_grant = await new_workload(app, client_id=ordinary.client_id)

    assert_oauth_error(await without_grant.token(), "unauthorized_client")
    await services_of(app).clients.administration.set_disabled(
        service.client_id, disabled=True, authority=FULL
    )
    assert_oauth_error(await workload.token(), "invalid_grant")


async def test_a_deleted_row_is_no_longer_trusted(app: Application, workload: Workload) -> None:
    assert (await workload.token()).status_code == 200
    await services_of(app).oauth.trusted_issuers.delete(workload.row.name, authority=FULL)

    assert_oauth_error(await workload.token(), "invalid_grant")


@pytest.mark.both_databases
async def test_for_a_user_a_named_client_must_authenticate(
    app: Application, service: TestClient, user: TestUser
) -> None:
    other = await workload_client(app)
    workload = await new_workload(
        app, user_id=await id_of(app, user), presenters=[service.client_id], scopes=["profile"]
    )

    response = await workload.token(client=service)

    assert response.status_code == 200
    assert "refresh_token" not in response.json()
    shown = await app.introspect(service, response.json()["access_token"])
    assert shown["username"] == user.username
    assert_oauth_error(await workload.token(), "invalid_client", status=401)
    named = await workload.token(client_id=service.client_id)
    assert_oauth_error(named, "invalid_client", status=401)
    assert_oauth_error(await workload.token(client=other), "invalid_grant")


async def test_a_disabled_user_and_one_without_access_get_nothing(
    app: Application, service: TestClient, user: TestUser
) -> None:
    workload = await new_workload(
        app, user_id=await id_of(app, user), presenters=[service.client_id]
    )

    await set_policies(app, service, access={"kind": "nobody"})
    assert_oauth_error(await workload.token(client=service), "invalid_grant")
    await set_policies(app, service)
    assert (await workload.token(client=service)).status_code == 200
    await set_user_disabled(services_of(app), user.username, disabled=True)
    assert_oauth_error(await workload.token(client=service), "invalid_grant")


async def test_an_email_address_identifies_nobody(
    app: Application, service: TestClient, workload: Workload, user: TestUser
) -> None:
    """The issuer does not own the domain; the subject alone says for whom a JWT stands"""
    claims = {"email": f"{user.username}@example.com", "email_verified": True}

    as_subject = await workload.token(workload.assertion(sub=claims["email"], **claims))
    beside_it = await workload.token(workload.assertion(**claims))

    assert_oauth_error(as_subject, "invalid_grant")
    shown = await app.introspect(service, beside_it.json()["access_token"])
    assert shown["sub"] == service.client_id
    assert "username" not in shown


async def test_the_reason_is_in_the_log_and_not_in_the_answer(workload: Workload) -> None:
    """STYLE_GUIDE: Errors"""
    with recorded_refusals() as records:
        response = await workload.token(workload.assertion(aud="https://stranger.example"))

    record = records.one(response.headers["x-request-id"])
    assert record.reason == (
        f"the assertion is not trusted: {workload.row.name}: aud is not this server only"
    )
    assert workload.row.name not in response.text


async def test_failures_are_limited(start_app: AppFactory) -> None:
    """SECURITY_BAR row 50"""
    app = await start_app(token_error_limit=3)
    service = await workload_client(app)
    workload = await new_workload(app, client_id=service.client_id)

    codes = [(await workload.token("wrong")).status_code for _ in range(6)]

    assert codes[0] == 400
    assert codes[-1] == 429
    assert (await workload.token(client=service)).status_code == 200


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture
async def peer(authority: Authority) -> AsyncIterator[Peer]:
    async with running_peer(authority) as made:
        yield made


async def test_keys_are_fetched_from_the_jwks_uri_and_cached(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """SECURITY_BAR row 43"""
    ca_file: Path = authority.ca_file
    app = await start_app(outbound_allowed_hosts=(HOST,), outbound_ca_file=ca_file)
    service, key = await workload_client(app), signing_key("RS256")
    peer.answers["/keys"] = Answer(json.dumps(jwks(key)))
    workload = await new_workload(
        app, key=key, client_id=service.client_id, jwks_uri=peer.url("/keys")
    )

    codes = [(await workload.token()).status_code for _ in range(3)]
    stranger = await workload.token(signing_key("RS256", "x").sign(workload.claims()))

    assert codes == [200, 200, 200]
    assert peer.count("/keys") == 1
    assert_oauth_error(stranger, "invalid_grant")


async def test_a_private_address_is_not_fetched(app: Application, service: TestClient) -> None:
    """SECURITY_BAR row 43"""
    workload = await new_workload(
        app, client_id=service.client_id, jwks_uri="https://127.0.0.1:9/keys"
    )

    assert_oauth_error(await workload.token(), "invalid_grant")


async def test_the_metadata_lists_the_grant(app: Application) -> None:
    metadata = (await app.http.get("/.well-known/oauth-authorization-server")).json()

    assert JWT_BEARER in metadata["grant_types_supported"]


async def test_a_stranger_cannot_register_the_grant(app: Application) -> None:
    """SECURITY_BAR row 41"""
    body = {"grant_types": [JWT_BEARER], "response_types": []}

    response = await app.http.post("/register", json=body)

    assert response.status_code == 400
    assert response.json()["error"] == "invalid_client_metadata"
