"""Bound tokens at our own protected resources (RFC 9449 section 7)."""

import re

import pytest
import pytest_asyncio

from tests.support.admin_api import ADMIN_TOKEN, PREFIX
from tests.support.administration import list_admin_scopes
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import encoded
from tests.support.dpop import Prover, hashed, prover
from tests.support.resources import make_default, new_resource

APP_SETTINGS = {"admin_token": ADMIN_TOKEN}
ALGS = 'algs="ES256 EdDSA Ed25519 PS256 RS256"'
ORIGIN = "http://localhost:3000"


@pytest.fixture
def key(app: Application) -> Prover:
    return prover(app)


@pytest_asyncio.fixture
async def token(key: Prover, client: TestClient) -> str:
    return await key.bound_token(client)


async def user_token(key: Prover, client: TestClient, user: TestUser) -> str:
    form = {"grant_type": "password", "username": user.username, "password": user.password}
    response = await key.token(client, scope="openid profile", **form)
    token: str = response.json()["access_token"]
    return token


async def admin_client(app: Application) -> TestClient:
    client = await app.create_client(grant_types=["client_credentials"])
    await list_admin_scopes(app, client, "users:read")
    return client


def challenges(answer: object) -> list[str]:
    headers = answer.headers  # type: ignore[attr-defined]  # of httpx
    return [str(each) for each in headers.get_list("www-authenticate")]


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "DPOP"])
async def test_a_bound_token_is_accepted_with_a_proof(key: Prover, token: str, scheme: str) -> None:
    """RFC 9449 section 7.1; RFC 9110 section 11.1: a scheme has no case"""
    assert (await key.get("/profile", token, scheme=scheme)).status_code == 200


async def test_a_bound_token_is_accepted_at_userinfo(
    key: Prover, client: TestClient, user: TestUser
) -> None:
    """RFC 9449 section 7.1"""
    token = await user_token(key, client, user)

    for method in ("GET", "POST"):
        response = await key.get("/userinfo", token, method=method)
        assert response.status_code == 200, response.text
        assert response.json()["sub"]


async def test_a_bound_token_is_refused_as_a_bearer_token(key: Prover, token: str) -> None:
    """RFC 9449 section 7.2; SECURITY_BAR row 38: downgrade to Bearer"""
    alone = await key.app.profile(token)
    with_proof = await key.get("/profile", token, scheme="Bearer")

    for answer in (alone, with_proof):
        assert_oauth_error(answer, "invalid_token", status=401)
        assert challenges(answer) == [f'DPoP realm="postern", error="invalid_token", {ALGS}']


async def test_a_bound_token_is_refused_in_a_form(
    key: Prover, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 38: RFC 6750 section 2.2 is for bearer tokens"""
    token = await user_token(key, client, user)

    answer = await key.app.http.post(
        "/userinfo",
        data={"access_token": token},
        headers={"DPoP": key.proof("POST", "/userinfo", ath=hashed(token))},
    )

    assert_oauth_error(answer, "invalid_token", status=401)


async def test_a_bearer_token_is_refused_as_a_bound_one(key: Prover, client: TestClient) -> None:
    """RFC 9449 section 7.1"""
    token = (await key.app.client_credentials(client)).json()["access_token"]

    answer = await key.get("/profile", token)

    assert_oauth_error(answer, "invalid_token", status=401)
    assert challenges(answer) == [f'DPoP realm="postern", error="invalid_token", {ALGS}']
    assert (await key.app.profile(token)).status_code == 200


async def test_a_bearer_token_beside_a_proof_is_accepted(key: Prover, client: TestClient) -> None:
    """A client that always sends a proof: the token is not bound, so nothing is proved by it"""
    token = (await key.app.client_credentials(client)).json()["access_token"]

    assert (await key.get("/profile", token, scheme="Bearer")).status_code == 200


async def test_an_unknown_token_is_refused(key: Prover) -> None:
    """RFC 9449 section 7.1"""
    answer = await key.get("/profile", "postern_at_nothing")

    assert_oauth_error(answer, "invalid_token", status=401)
    assert challenges(answer) == [f'DPoP realm="postern", error="invalid_token", {ALGS}']


async def test_a_request_without_a_token_gets_both_challenges(app: Application) -> None:
    """RFC 9449 section 7.1"""
    answer = await app.http.get("/profile")

    assert challenges(answer) == ['Bearer realm="postern"', f'DPoP realm="postern", {ALGS}']


async def test_another_key_is_refused(key: Prover, token: str) -> None:
    """SECURITY_BAR row 38: other key than the token's jkt"""
    answer = await prover(key.app, name="a thief's").get("/profile", token)

    assert_oauth_error(answer, "invalid_token", status=401)
    assert challenges(answer) == [f'DPoP realm="postern", error="invalid_token", {ALGS}']


@pytest.mark.parametrize(
    "changes",
    [
        {"ath": None},
        {"ath": "x"},
        {"ath": hashed("postern_at_another")},
        {"htm": "POST"},
        {"htu": "https://evil.example/profile"},
        {"htu": "http://localhost:5000/userinfo"},
        {"iat": 1_000_000},
        {"jti": None},
    ],
    ids=str,
)
async def test_a_proof_for_another_request_is_refused(
    key: Prover, token: str, changes: dict[str, object]
) -> None:
    """SECURITY_BAR row 38: wrong htu, htm and ath"""
    claims = {"ath": hashed(token), **changes}

    answer = await key.get("/profile", token, proof=key.proof("GET", "/profile", **claims))

    assert_oauth_error(answer, "invalid_dpop_proof", status=401)
    assert challenges(answer) == [f'DPoP realm="postern", error="invalid_dpop_proof", {ALGS}']


async def test_a_proof_from_the_token_endpoint_is_refused(key: Prover, client: TestClient) -> None:
    """SECURITY_BAR row 38"""
    proof = key.proof()
    token = (await key.client_credentials(client, proof=proof)).json()["access_token"]

    assert_oauth_error(
        await key.get("/profile", token, proof=proof), "invalid_dpop_proof", status=401
    )


async def test_a_bound_token_without_a_proof_is_refused(key: Prover, token: str) -> None:
    """RFC 9449 section 7.1"""
    answer = await key.app.http.get("/profile", headers={"Authorization": f"DPoP {token}"})

    assert_oauth_error(answer, "invalid_dpop_proof", status=401)
    assert "DPoP header" in answer.json()["error_description"]


async def test_two_proofs_are_refused(key: Prover, token: str) -> None:
    """RFC 9449 section 4.3"""
    proofs = [("DPoP", key.proof("GET", "/profile", ath=hashed(token))) for _ in range(2)]

    answer = await key.app.http.get(
        "/profile", headers=[("Authorization", f"DPoP {token}"), *proofs]
    )

    assert_oauth_error(answer, "invalid_dpop_proof", status=401)


async def test_a_proof_counts_once(key: Prover, token: str) -> None:
    """SECURITY_BAR row 38: replayed jti"""
    proof = key.proof("GET", "/profile", ath=hashed(token))

    first, second = [await key.get("/profile", token, proof=proof) for _ in range(2)]

    assert first.status_code == 200
    assert_oauth_error(second, "invalid_dpop_proof", status=401)


async def test_a_revoked_token_is_refused_with_a_proof(
    key: Prover, client: TestClient, token: str
) -> None:
    await key.app.revoke(client, token)

    assert_oauth_error(await key.get("/profile", token), "invalid_token", status=401)


async def test_the_admin_api_accepts_a_bound_token_with_a_proof(key: Prover) -> None:
    """RFC 9449 section 7.1; an encoded path and a query"""
    client = await admin_client(key.app)
    token = await key.bound_token(client, scope="users:read")
    path = f"{PREFIX}/users/a%2Fb"

    listed = await key.get(
        f"{PREFIX}/users?limit=1",
        token,
        proof=key.proof("GET", f"{PREFIX}/users", ath=hashed(token)),
    )
    missing = await key.get(path, token)

    assert listed.status_code == 200, listed.text
    assert missing.status_code == 404


async def test_the_admin_api_refuses_a_bound_token_without_its_key(key: Prover) -> None:
    """SECURITY_BAR row 38: downgrade, other key, replay, and other method"""
    client, path = await admin_client(key.app), f"{PREFIX}/users"
    token = await key.bound_token(client, scope="users:read")
    used = key.proof("GET", path, ath=hashed(token))
    await key.get(path, token, proof=used)
    other_method = key.proof("POST", path, ath=hashed(token))

    as_bearer = await key.get(path, token, scheme="Bearer")
    by_another = await prover(key.app, name="a thief's").get(path, token)
    replayed = await key.get(path, token, proof=used)
    for_a_post = await key.get(path, token, proof=other_method)
    without = await key.app.http.get(path, headers={"Authorization": f"DPoP {token}"})

    for answer in (as_bearer, by_another):
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_token"
    for answer in (replayed, for_a_post, without):
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_dpop_proof"
        assert answer.headers["content-type"] == "application/problem+json"
        assert challenges(answer) == [f'DPoP realm="postern", error="invalid_dpop_proof", {ALGS}']


async def test_the_admin_api_refuses_two_proofs(key: Prover) -> None:
    """RFC 9449 section 4.3"""
    client, path = await admin_client(key.app), f"{PREFIX}/users"
    token = await key.bound_token(client, scope="users:read")
    proofs = [("DPoP", key.proof("GET", path, ath=hashed(token))) for _ in range(2)]

    answer = await key.app.http.get(path, headers=[("Authorization", f"DPoP {token}"), *proofs])

    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize("value", ["DPoP", "DPoP ", "DPoP \xff", "DPoP a b", "DPoP x, Bearer y"])
async def test_a_malformed_header_is_refused(app: Application, value: str) -> None:
    """SECURITY_BAR row 15"""
    for path in ("/profile", "/userinfo", f"{PREFIX}/users"):
        answer = await app.http.get(path, headers=[(b"Authorization", value.encode("latin-1"))])
        assert answer.status_code == 401


async def test_hostile_proofs_are_refused(key: Prover, token: str) -> None:
    """SECURITY_BAR row 15: never a 500"""
    hostile = [
        b"\xff" * 10,
        b"x" * 5000,
        b"a.b.c",
        f"{encoded('[' * 900)}.x.x".encode(),
        f"{encoded({'typ': 'dpop+jwt', 'alg': 'ES256', 'jwk': {'kty': 'EC'}})}.e30.x".encode(),
    ]
    for value in hostile:
        answer = await key.app.http.get(
            "/profile",
            headers=[(b"Authorization", f"DPoP {token}".encode()), (b"DPoP", value)],
        )
        assert_oauth_error(answer, "invalid_dpop_proof", status=401)


async def test_an_app_in_a_browser_can_send_proofs(app: Application) -> None:
    """SECURITY_BAR row 46; RFC 9449 section 8: a script has to read DPoP-Nonce"""
    await app.create_client()  # registers its origin
    asked = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,dpop",
    }

    preflight = await app.http.options("/token", headers=asked)
    answer = await app.http.post("/token", headers={"Origin": ORIGIN}, data={})

    assert "dpop" in preflight.headers["access-control-allow-headers"]
    exposed = re.split(r",\s*", answer.headers["access-control-expose-headers"])
    assert {"dpop-nonce", "www-authenticate"} <= set(exposed)


async def test_a_bound_token_for_a_resource_has_its_audience(
    key: Prover, client: TestClient
) -> None:
    """RFC 9449 section 6.2, RFC 8707: bound, and for one audience"""
    server = await key.app.create_client()
    resource = await new_resource(key.app, servers=[server.client_id])
    token = await key.bound_token(client, resource=resource.identifier)

    answer = await key.app.introspect(server, token)
    here = await key.get("/profile", token)

    assert (answer["aud"], answer["cnf"]) == (resource.identifier, {"jkt": key.jkt})
    assert answer["token_type"] == "DPoP"
    assert_oauth_error(here, "invalid_token", status=401)


async def test_a_bound_token_for_the_default_resource_is_accepted_at_userinfo(
    key: Prover, client: TestClient, user: TestUser
) -> None:
    """Clients that never send `resource` use the same token at UserInfo; SECURITY_BAR row 38"""
    await make_default(key.app, client, await new_resource(key.app))
    token = await user_token(key, client, user)

    accepted = await key.get("/userinfo", token)
    as_bearer = await key.get("/userinfo", token, scheme="Bearer")

    assert accepted.status_code == 200, accepted.text
    assert_oauth_error(as_bearer, "invalid_token", status=401)
