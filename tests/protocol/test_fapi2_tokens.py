"""FAPI 2.0 Security Profile (Final), sections 5.3.2.1 and 5.4: tokens, proofs and refreshes."""

from typing import Any

import pytest
import pytest_asyncio

from app.schemas.admin_scopes import AdminScope
from tests.protocol.fapi_clients import (
    WITHOUT,
    FapiClient,
    client_with_certificate,
    client_with_keys,
    code_form,
)
from tests.support.administration import list_admin_scopes, set_policies
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.certificates import make
from tests.support.client_jwts import jwks, signing_key
from tests.support.dpop import Prover, hashed, prover
from tests.support.jwt import claims_of, header_of
from tests.support.mutual_tls import behind_proxy
from tests.support.resources import new_resource
from tests.support.visitor import Visitor

APP_SETTINGS = {**behind_proxy(None), "outbound_allowed_hosts": ("localhost",)}
DAY = 86_400
MAKERS = {"keys": client_with_keys, "certificate": client_with_certificate}


@pytest_asyncio.fixture(params=MAKERS)
async def client(app: Application, request: pytest.FixtureRequest) -> FapiClient:
    return await MAKERS[request.param](app)


@pytest_asyncio.fixture
async def signer(app: Application) -> FapiClient:
    return await client_with_keys(app)


@pytest.fixture
def thief(app: Application) -> Prover:
    return prover(app, name="a thief's")


async def test_a_code_yields_bound_tokens_and_an_id_token_with_ps256(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """happy-flow; sections 5.3.2.1-5, 5.3.2.3 and 5.4.1"""
    tokens = await client.tokens(visitor, user)

    claims = await claims_of(client.app, tokens["id_token"], audience=client.client_id)
    assert header_of(tokens["id_token"])["alg"] == "PS256"
    assert claims["nonce"] == "a-nonce"
    assert tokens["token_type"] == ("DPoP" if client.prover else "Bearer")
    answer = await client.get("/userinfo", tokens["access_token"])
    assert answer.status_code == 200, answer.text
    assert answer.json()["sub"] == claims["sub"]


async def test_the_name_of_the_scheme_is_accepted_in_any_case(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """access-token-type-header-case-sensitivity"""
    token = (await client.tokens(visitor, user))["access_token"]
    scheme = "dPoP" if client.prover else "bEARER"

    assert (await client.get("/userinfo", token, scheme=scheme)).status_code == 200


async def test_a_token_request_without_proof_or_certificate_is_refused(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """ensure-holder-of-key-required; section 5.3.2.1-4"""
    code = await client.code(visitor, user)

    refused = await client.with_identity(None).redeem(code, proof=WITHOUT)

    if client.prover is None:
        assert_oauth_error(refused, "invalid_client", status=401)
    else:
        assert_oauth_error(refused, "invalid_dpop_proof")
    assert (await client.redeem(code)).status_code == 200


async def test_keys_and_a_certificate_can_be_combined(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Section 5.3.2.1-5: private_key_jwt, with tokens bound to the certificate of the connection"""
    bound = await client_with_keys(app, tls_client_certificate_bound_access_tokens=True)
    caller = bound.with_identity(make("CN=own"))
    code = await caller.code(visitor, user)

    without = await bound.redeem(code, proof=WITHOUT)
    with_it = await caller.redeem(code, proof=WITHOUT)

    assert_oauth_error(without, "invalid_request")
    assert with_it.status_code == 200, with_it.text


async def test_a_client_with_a_certificate_can_use_proofs(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Section 5.3.2.1-5: mTLS client authentication with DPoP"""
    client = await client_with_certificate(app, tls_client_certificate_bound_access_tokens=False)
    key = prover(app)
    code = await client.code(visitor, user)

    assert_oauth_error(await client.redeem(code), "invalid_dpop_proof")
    assert (await client.redeem(code, proof=key.proof())).json()["token_type"] == "DPoP"


async def test_a_code_belongs_to_its_client(
    app: Application, client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """ensure-authorization-code-is-bound-to-client; SECURITY_BAR row 7"""
    other = await client_with_keys(app, name="another")
    code = await client.code(visitor, user)

    assert_oauth_error(await other.redeem(code), "invalid_grant")


async def test_the_client_id_of_another_client_is_refused(
    app: Application, client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """ensure-client-id-in-token-endpoint"""
    other = await client_with_certificate(app, name="another")
    code = await client.code(visitor, user)

    if client.key is None:
        refused = await client.token(code_form(code, client_id=other.client_id))
    else:  # an assertion for the other client, signed by the key of this one
        forged = client.assertion(iss=other.client_id, sub=other.client_id)
        refused = await client.redeem(code, assertion=forged)

    assert_oauth_error(refused, "invalid_client", status=401)


async def test_a_second_use_of_a_code_revokes_its_tokens(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """attempt-reuse-authorisation-code-after-one-second; SECURITY_BAR row 7"""
    code = await client.code(visitor, user)
    token = (await client.redeem(code)).json()["access_token"]
    client.app.clock.advance(seconds=1)

    assert_oauth_error(await client.redeem(code), "invalid_grant")
    assert (await client.get("/userinfo", token)).status_code == 401


@pytest.mark.parametrize("verifier", [None, "w" * 50], ids=["missing", "wrong"])
async def test_the_code_verifier_must_match(
    client: FapiClient, user: TestUser, visitor: Visitor, verifier: str | None
) -> None:
    """par-ensure-pkce-code-verifier-required, par-incorrect-pkce-code-verifier-rejected"""
    code = await client.code(visitor, user)

    assert_oauth_error(await client.token(code_form(code, code_verifier=verifier)), "invalid_grant")


async def test_codes_are_bound_to_the_key_of_dpop_jkt_or_of_the_proof_at_par(
    signer: FapiClient, thief: Prover, user: TestUser, visitor: Visitor
) -> None:
    """ensure-dpop-auth-code-binding-success, ensure-dpop-proof-at-par-endpoint-binding-success,
    ensure-token-endpoint-fails-with-mismatched-dpop-jkt and -dpop-proof-jkt;
    SECURITY_BAR row 38"""
    own = signer.with_prover

    for way in ({"dpop_jkt": own.jkt}, None):
        codes = []
        for _ in range(2):
            binding = way or {"proof": own.proof(path="/par")}
            codes.append(await signer.code(visitor, user, **binding))
        stolen, good = codes
        assert_oauth_error(await signer.redeem(stolen, proof=thief.proof()), "invalid_grant")
        assert (await signer.redeem(good)).status_code == 200


async def test_the_proof_at_par_and_dpop_jkt_must_agree(signer: FapiClient, thief: Prover) -> None:
    """ensure-mismatched-dpop-jkt-fails; SECURITY_BAR row 38"""
    own = signer.with_prover

    response = await signer.push(proof=own.proof(path="/par"), dpop_jkt=thief.jkt)

    assert_oauth_error(response, "invalid_dpop_proof")


@pytest.mark.parametrize("seconds", [-10, 8, 10])
async def test_a_proof_may_be_ten_seconds_off(
    signer: FapiClient, user: TestUser, visitor: Visitor, seconds: int
) -> None:
    """ensure-dpopproof-with-iat-10seconds-before-succeeds and -after-succeeds; 5.3.2.1-13"""
    iat = signer.moment
    code = await signer.code(visitor, user, proof=signer.proof(path="/par", iat=iat(seconds)))

    tokens = await signer.redeem(code, proof=signer.proof(iat=iat(seconds), nbf=iat(seconds)))
    token = tokens.json()["access_token"]
    proof = signer.proof("GET", "/userinfo", ath=hashed(token), iat=iat(seconds))

    assert (await signer.get("/userinfo", token, proof=proof)).status_code == 200


async def test_nbf_and_exp_in_a_proof_are_accepted(
    signer: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """check-dpop-proof-nbf-exp"""
    times: dict[str, Any] = {"nbf": signer.moment(0), "exp": signer.moment(300)}

    answer = await signer.redeem(await signer.code(visitor, user), proof=signer.proof(**times))

    assert answer.status_code == 200


@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_a_proof_more_than_a_minute_ahead_is_refused(signer: FapiClient, claim: str) -> None:
    """Section 5.3.2.1-13; SECURITY_BAR row 35"""
    ahead: dict[str, Any] = {claim: signer.moment(61)}

    response = await signer.token({"grant_type": "client_credentials"}, proof=signer.proof(**ahead))

    assert_oauth_error(response, "invalid_dpop_proof")


@pytest.mark.parametrize(
    ("algorithm", "is_accepted"),
    [("PS256", True), ("ES256", True), ("Ed25519", True), ("RS256", False)],
)
async def test_proofs_are_signed_by_an_allowed_algorithm(
    signer: FapiClient, algorithm: str, is_accepted: bool
) -> None:
    """dpop-negative-tests; section 5.4.1. Other clients may sign proofs with RS256"""
    app, key = signer.app, prover(signer.app, algorithm, "of one algorithm")
    other = await app.create_client()
    form = {"grant_type": "client_credentials"}

    response = await signer.token(form, proof=key.proof())
    at_par = await signer.push(proof=key.proof(path="/par"))

    assert (await key.client_credentials(other)).status_code == 200
    if is_accepted:
        assert response.json()["token_type"] == "DPoP"
        assert at_par.status_code == 201
    else:
        assert_oauth_error(response, "invalid_dpop_proof")
        assert_oauth_error(at_par, "invalid_dpop_proof")


async def test_resources_of_ours_refuse_a_proof_with_rs256(app: Application) -> None:
    """dpop-negative-tests; section 5.4.1: also with a token from before"""
    key, signing = prover(app, "RS256"), signing_key(name="before")
    made = await app.create_client(
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(signing),
        grant_types=["client_credentials"],
    )
    client = FapiClient(app, made.client_id, signing, key, None)
    token = (await client.token({"grant_type": "client_credentials"})).json()["access_token"]
    before = await client.get("/profile", token)
    await set_policies(app, made, profile="fapi2")

    after = await client.get("/profile", token)

    assert before.status_code == 200
    assert_oauth_error(after, "invalid_dpop_proof", status=401)


async def test_a_token_that_is_not_bound_ends_with_the_profile(app: Application) -> None:
    """Section 5.3.2.1-4; SECURITY_BAR row 38: downgrade to Bearer"""
    signing = signing_key(name="unbound")
    made = await app.create_client(
        token_endpoint_auth_method="private_key_jwt",
        jwks=jwks(signing),
        grant_types=["client_credentials"],
    )
    client = FapiClient(app, made.client_id, signing, None, None)
    token = (await client.token({"grant_type": "client_credentials"})).json()["access_token"]
    assert (await app.profile(token)).status_code == 200

    await set_policies(app, made, profile="fapi2")

    assert_oauth_error(await app.profile(token), "invalid_token", status=401)


async def test_resources_of_ours_refuse_forged_and_replayed_proofs(
    signer: FapiClient, thief: Prover, user: TestUser, visitor: Visitor
) -> None:
    """dpop-negative-tests; SECURITY_BAR row 38"""
    token = (await signer.tokens(visitor, user))["access_token"]
    own, ath = signer.with_prover, hashed(token)
    good = own.proof("GET", "/userinfo", ath=ath)
    claims = own.claims("GET", "/userinfo", ath=ath)
    refused = {
        "another key": thief.proof("GET", "/userinfo", ath=ath),
        "no ath": own.proof("GET", "/userinfo"),
        "another ath": own.proof("GET", "/userinfo", ath=hashed("x")),
        "another method": own.proof("PUT", "/userinfo", ath=ath),
        "another URL": own.proof("GET", "/profile", ath=ath),
        "an hour ago": own.proof("GET", "/userinfo", ath=ath, iat=signer.moment(-3600)),
        "in an hour": own.proof("GET", "/userinfo", ath=ath, iat=signer.moment(3600)),
        "no jti": own.proof("GET", "/userinfo", ath=ath, jti=None),
        "no typ": own.sign(claims, typ=None),
        "no alg": own.sign(claims, alg=None),
        "no jwk": own.sign(claims, jwk=None),
        "private key": own.sign(claims, jwk=own.key.private),
        "not a JWT": good.replace(".", ""),
        "signature": good[:-6] + ("AAAAAA" if good[-6:] != "AAAAAA" else "BBBBBB"),
    }

    statuses = {
        name: (await signer.get("/userinfo", token, proof=proof)).status_code
        for name, proof in refused.items()
    }
    first = await signer.get("/userinfo", token, proof=good)
    replayed = await signer.get("/userinfo", token, proof=good)
    as_bearer = await signer.get("/userinfo", token, scheme="Bearer")
    with_query = own.proof(
        "GET", "/userinfo", ath=ath, htu=f"{signer.app.settings.issuer_url}/userinfo?a=b#c"
    )

    assert statuses == dict.fromkeys(refused, 401)
    assert (first.status_code, replayed.status_code, as_bearer.status_code) == (200, 401, 401)
    assert (await signer.get("/userinfo", token, proof=with_query)).status_code == 200


async def test_a_refresh_token_is_not_rotated(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """refresh-token; section 5.3.2.1-9"""
    tokens = await client.tokens(visitor, user)
    answers = []
    for _ in range(3):
        client.app.clock.advance(seconds=100)  # past the grace window of other clients
        answers.append((await client.refresh(tokens["refresh_token"])).json())

    before = await claims_of(client.app, tokens["id_token"], audience=client.client_id)
    assert {answer["refresh_token"] for answer in answers} == {tokens["refresh_token"]}
    access = {tokens["access_token"], *(answer["access_token"] for answer in answers)}
    assert len(access) == 4
    for answer in answers:
        after = await claims_of(client.app, answer["id_token"], audience=client.client_id)
        assert (after["sub"], after["auth_time"]) == (before["sub"], before["auth_time"])
        assert header_of(answer["id_token"])["alg"] == "PS256"
    for token in access:
        assert (await client.get("/userinfo", token)).status_code == 200


async def test_a_refresh_without_proof_or_certificate_is_refused(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """refresh-token; section 5.3.2.1-4"""
    token = (await client.tokens(visitor, user))["refresh_token"]

    refused = await client.with_identity(None).refresh(token, proof=WITHOUT)

    assert refused.json()["error"] == ("invalid_dpop_proof" if client.prover else "invalid_client")
    assert (await client.refresh(token)).status_code == 200


async def test_a_refresh_token_belongs_to_its_client(
    app: Application, client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """refresh-token; SECURITY_BAR row 9"""
    other = await client_with_keys(app, name="another")
    token = (await client.tokens(visitor, user))["refresh_token"]

    assert_oauth_error(await other.refresh(token), "invalid_grant")
    assert (await client.refresh(token)).status_code == 200


async def test_a_refresh_with_another_key_binds_the_new_token_to_it(
    signer: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9449 section 5: the refresh token is bound to the client's authentication"""
    tokens = await signer.tokens(visitor, user)
    new = prover(signer.app, name="a new key")

    answer = (await signer.refresh(tokens["refresh_token"], proof=new.proof())).json()

    by_new = await new.get("/userinfo", answer["access_token"])
    by_old = await signer.get("/userinfo", answer["access_token"])
    old_one = await signer.get("/userinfo", tokens["access_token"])
    assert (by_new.status_code, by_old.status_code, old_one.status_code) == (200, 401, 200)


async def test_a_proof_is_used_up_by_a_refresh(
    signer: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 38: replayed jti"""
    token = (await signer.tokens(visitor, user))["refresh_token"]
    proof = signer.proof()

    assert (await signer.refresh(token, proof=proof)).status_code == 200
    assert_oauth_error(await signer.refresh(token, proof=proof), "invalid_dpop_proof")


async def test_a_refresh_token_lives_on_while_it_is_used(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """Section 5.3.2.1-9: REFRESH_TOKEN_TTL is how long it may stay unused"""
    token = (await client.tokens(visitor, user))["refresh_token"]
    for _ in range(2):
        client.app.clock.advance(seconds=29 * DAY)
        assert (await client.refresh(token)).status_code == 200

    client.app.clock.advance(seconds=30 * DAY)

    assert_oauth_error(await client.refresh(token), "invalid_grant")


async def test_revoking_a_refresh_token_ends_its_access_tokens(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 7009 section 2.1"""
    tokens = await client.tokens(visitor, user)
    later = (await client.refresh(tokens["refresh_token"])).json()["access_token"]

    await client.post("/revoke", {"token": tokens["refresh_token"]})

    assert_oauth_error(await client.refresh(tokens["refresh_token"]), "invalid_grant")
    assert (await client.get("/userinfo", later)).status_code == 401


async def test_a_token_that_was_rotated_before_is_still_a_replay(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 9: the profile forgives no replay from before"""
    client = await client_with_keys(app)
    await set_policies(app, client.public)
    first = (await client.tokens(visitor, user))["refresh_token"]
    second = (await client.refresh(first)).json()["refresh_token"]
    await set_policies(app, client.public, profile="fapi2")
    app.clock.advance(seconds=31)

    assert (await client.refresh(second)).json()["refresh_token"] == second
    assert_oauth_error(await client.refresh(first), "invalid_grant")
    assert_oauth_error(await client.refresh(second), "invalid_grant")


@pytest.mark.parametrize(
    ("metadata", "has_sid"),
    [
        ({}, False),
        ({"post_logout_redirect_uris": ["http://localhost:3000/"]}, False),
        ({"backchannel_logout_uri": "http://localhost:3000/logout"}, True),
        ({"frontchannel_logout_uri": "http://localhost:3000/logout"}, True),
    ],
    ids=["none", "return only", "back channel", "front channel"],
)
async def test_sid_is_in_the_id_token_only_with_a_logout_uri(
    app: Application,
    user: TestUser,
    visitor: Visitor,
    metadata: dict[str, Any],
    has_sid: bool,
) -> None:
    """OpenID Connect Back-Channel Logout section 2.1"""
    client = await client_with_keys(app, name=str(sorted(metadata)), **metadata)

    claims = await claims_of(
        app,
        (await client.tokens(visitor, user))["id_token"],
        audience=client.client_id,
    )

    assert ("sid" in claims) is has_sid


@pytest.mark.parametrize("algorithm", ["PS256", "ES256", "EdDSA"])
async def test_a_registered_algorithm_of_the_profile_is_used(
    app: Application, user: TestUser, visitor: Visitor, algorithm: str
) -> None:
    """Section 5.4.1; OpenID Connect Dynamic Client Registration section 2"""
    client = await client_with_keys(
        app, id_token_signed_response_alg=algorithm, userinfo_signed_response_alg=algorithm
    )
    tokens = await client.tokens(visitor, user)

    userinfo = await client.get("/userinfo", tokens["access_token"])

    assert header_of(tokens["id_token"])["alg"] == algorithm
    assert header_of(userinfo.text)["alg"] == algorithm


async def test_a_jwt_of_a_resource_with_rs256_is_refused(app: Application) -> None:
    """Section 5.4.1: its services would have to accept RS256"""
    client = await client_with_keys(app)
    for name, algorithm in (("old", "RS256"), ("new", "PS256")):
        await new_resource(
            app,
            name=app.new_name(name),
            identifier=f"https://{name}.example.com",
            token_format="jwt",
            signing_alg=algorithm,
        )
    form = {"grant_type": "client_credentials"}

    refused = await client.token({**form, "resource": "https://old.example.com"})
    issued = await client.token({**form, "resource": "https://new.example.com"})

    assert_oauth_error(refused, "invalid_target")
    assert header_of(issued.json()["access_token"])["alg"] == "PS256"


async def test_jwts_are_refreshed_without_a_rotation(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Section 5.3.2.1-9, RFC 9068"""
    await new_resource(
        app, identifier="https://api.example.com", token_format="jwt", signing_alg="ES256"
    )
    client = await client_with_keys(app)
    resource = {"resource": "https://api.example.com"}
    tokens = await client.tokens(visitor, user, **resource)
    proof = client.proof()

    first = (await client.refresh(tokens["refresh_token"], proof=proof)).json()
    replayed = await client.refresh(tokens["refresh_token"], proof=proof)
    second = (await client.refresh(tokens["refresh_token"])).json()

    assert_oauth_error(replayed, "invalid_dpop_proof")
    assert first["access_token"] != second["access_token"]
    assert first["refresh_token"] == second["refresh_token"] == tokens["refresh_token"]


@pytest.mark.parametrize("path", ["/userinfo", "/admin/api/v1/users"])
async def test_a_bound_token_without_the_scope_is_answered_with_a_dpop_challenge(
    app: Application, client: FapiClient, path: str
) -> None:
    """RFC 9449 section 7.1: the scheme of the challenge is that of the token"""
    scope = AdminScope.CLIENTS_READ.value
    await list_admin_scopes(app, TestClient(client.client_id, ""), scope)
    form = {"grant_type": "client_credentials", "scope": scope}
    token = (await client.token(form)).json()["access_token"]

    response = await client.get(path, token)

    assert response.status_code == 403
    challenge = response.headers["www-authenticate"]
    assert challenge.startswith("DPoP " if client.prover else "Bearer ")
    assert 'error="insufficient_scope", scope="' in challenge
    assert ("algs=" in challenge) is (client.prover is not None)
