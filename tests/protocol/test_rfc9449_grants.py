"""Codes and refresh tokens that are bound to a key (RFC 9449 sections 5 and 10)."""

import pytest

from tests.protocol.devices import device_client, question, start_device
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import jwks, signing_key
from tests.support.dpop import Prover, prover
from tests.support.visitor import REDIRECT_URI, VERIFIER, Visitor, answer_in, query, redeem

FORM = {"content-type": "application/x-www-form-urlencoded"}
PUBLIC = {"token_endpoint_auth_method": "none"}
SCOPE = "openid offline_access"


@pytest.fixture
def key(app: Application) -> Prover:
    return prover(app)


@pytest.fixture
def stranger(app: Application) -> Prover:
    return prover(app, name="a thief's")


def code_form(client: TestClient, code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "client_id": client.client_id,
        "code": code,
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }


async def push(
    key: Prover, client: TestClient, *, proof: str | None = None, **parameters: str
) -> tuple[int, dict[str, str]]:
    response = await key.app.http.post(
        "/par",
        content=query(client, scope=SCOPE, **parameters),
        headers={**FORM, "DPoP": proof or key.proof(path="/par")},
        auth=client.auth,
    )
    return response.status_code, response.json()


async def code_for_pushed(
    visitor: Visitor, client: TestClient, user: TestUser, request_uri: str
) -> str:
    page = await visitor.follow(
        await visitor.get("/authorize", client_id=client.client_id, request_uri=request_uri)
    )
    return answer_in(await visitor.allow(await visitor.sign_in(page, user)))["code"]


async def test_a_code_is_bound_by_dpop_jkt(
    key: Prover, stranger: Prover, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9449 section 10; SECURITY_BAR row 38: another key, and downgrade"""
    app = key.app
    client = await app.create_client(**PUBLIC)
    code = await visitor.code_for(client, user, dpop_jkt=key.jkt)

    without = await redeem(app, client, code)
    by_another = await stranger.token(None, **code_form(client, code))
    by_its_key = await key.token(None, **code_form(client, code))

    assert_oauth_error(without, "invalid_grant")
    assert_oauth_error(by_another, "invalid_grant")
    assert by_its_key.json()["token_type"] == "DPoP"


@pytest.mark.parametrize("jkt", ["x", "x" * 44, "x" * 42 + "=", "x" * 42 + "\u00fc"])
async def test_a_malformed_dpop_jkt_is_refused(
    client: TestClient, visitor: Visitor, jkt: str
) -> None:
    """RFC 9449 section 10"""
    answer = answer_in(await visitor.authorize(client, dpop_jkt=jkt))

    assert answer["error"] == "invalid_request"


async def test_a_code_of_a_signed_request_is_bound(
    key: Prover, stranger: Prover, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9449 section 10, RFC 9101"""
    app, signing = key.app, signing_key(name="of the client")
    client = await app.create_client(jwks=jwks(signing))
    claims = {"iss": client.client_id, "aud": app.settings.issuer_url, "dpop_jkt": key.jkt}

    code = await visitor.code_for(client, user, request=signing.sign(claims))

    assert_oauth_error(await stranger.token(client, **code_form(client, code)), "invalid_grant")
    assert (await key.token(client, **code_form(client, code))).status_code == 200


async def test_a_code_is_bound_by_a_proof_at_par(
    key: Prover, stranger: Prover, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9449 section 10.1"""
    client = await key.app.create_client()
    status, pushed = await push(key, client)
    code = await code_for_pushed(visitor, client, user, pushed["request_uri"])

    without = await redeem(key.app, client, code)
    by_another = await stranger.token(client, **code_form(client, code))
    by_its_key = await key.token(client, **code_form(client, code))

    assert status == 201
    assert_oauth_error(without, "invalid_grant")
    assert_oauth_error(by_another, "invalid_grant")
    assert by_its_key.status_code == 200


async def test_the_proof_and_dpop_jkt_of_a_pushed_request_must_agree(
    key: Prover, stranger: Prover, client: TestClient
) -> None:
    """RFC 9449 section 10.1"""
    agreed, _ = await push(key, client, dpop_jkt=key.jkt)
    status, refused = await push(key, client, dpop_jkt=stranger.jkt)

    assert agreed == 201
    assert status == 400
    assert refused["error"] == "invalid_dpop_proof"
    assert "dpop_jkt" in refused["error_description"]


async def test_a_proof_at_par_counts_once_and_is_for_par(key: Prover, client: TestClient) -> None:
    """SECURITY_BAR row 38: replayed jti, and htu of another endpoint"""
    proof = key.proof(path="/par")

    statuses = [(await push(key, client, proof=each))[0] for each in (proof, proof, key.proof())]

    assert statuses == [201, 400, 400]


async def test_a_code_without_a_key_can_be_redeemed_with_a_proof(
    key: Prover, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9449 section 5"""
    code = await visitor.code_for(client, user)

    response = await key.token(client, **code_form(client, code))

    assert response.json()["token_type"] == "DPoP"
    assert response.json()["id_token"]


async def test_refresh_tokens_of_a_public_client_are_bound(
    key: Prover, stranger: Prover, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9449 section 5; SECURITY_BAR row 38: another key, and downgrade"""
    app = key.app
    client = await app.create_client(**PUBLIC)
    code = await visitor.code_for(client, user, scope=SCOPE)
    first = (await key.token(None, **code_form(client, code))).json()

    def form(pair: dict[str, str]) -> dict[str, str]:
        return {
            "grant_type": "refresh_token",
            "client_id": client.client_id,
            "refresh_token": pair["refresh_token"],
        }

    without = await app.token(None, **form(first))
    by_another = await stranger.token(None, **form(first))
    second = (await key.token(None, **form(first))).json()
    later = await stranger.token(None, **form(second))
    third = await key.token(None, **form(second))

    for refused in (without, by_another, later):
        assert_oauth_error(refused, "invalid_grant")
    assert second["token_type"] == "DPoP"
    assert third.json()["token_type"] == "DPoP"


async def test_a_thief_without_the_key_ends_no_family(
    key: Prover, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9449 section 5: a used token is of no use without the key, not even as a replay"""
    app = key.app
    client = await app.create_client(**PUBLIC)
    code = await visitor.code_for(client, user, scope=SCOPE)
    first = (await key.token(None, **code_form(client, code))).json()
    form = {"grant_type": "refresh_token", "client_id": client.client_id}
    second = (await key.token(None, **form, refresh_token=first["refresh_token"])).json()
    app.clock.advance(seconds=31 * 60)  # past the window of agents

    stolen = await app.token(None, **form, refresh_token=first["refresh_token"])
    third = await key.token(None, **form, refresh_token=second["refresh_token"])
    replayed = await key.token(None, **form, refresh_token=first["refresh_token"])
    ended = await key.token(None, **form, refresh_token=third.json()["refresh_token"])

    assert_oauth_error(stolen, "invalid_grant")
    assert third.status_code == 200
    assert_oauth_error(replayed, "invalid_grant")
    assert_oauth_error(ended, "invalid_grant")


async def test_refresh_tokens_of_a_confidential_client_are_not_bound(
    key: Prover, stranger: Prover, client: TestClient, user: TestUser
) -> None:
    """RFC 9449 section 5: they are bound to the client, whose new token has the new key"""
    app = key.app
    form = {"grant_type": "password", "username": user.username, "password": user.password}
    first = (await key.token(client, **form)).json()

    second = await stranger.token(
        client, grant_type="refresh_token", refresh_token=first["refresh_token"]
    )
    third = await app.refresh(client, second.json()["refresh_token"])

    answer = await app.introspect(client, second.json()["access_token"])
    assert answer["cnf"] == {"jkt": stranger.jkt}
    assert third.json()["token_type"] == "Bearer"
    assert "cnf" not in await app.introspect(client, third.json()["access_token"])


async def test_a_refresh_is_repeated_for_the_same_key_only(
    key: Prover, stranger: Prover, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9, RFC 9449 section 5: the token in the response is bound to a key"""
    app = key.app
    pair = (await app.password_grant(client, user)).json()
    form = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}

    first = await key.token(client, **form)
    by_another = await stranger.token(client, **form)
    without = await app.refresh(client, pair["refresh_token"])
    again = await key.token(client, **form)

    assert_oauth_error(by_another, "invalid_grant")
    assert_oauth_error(without, "invalid_grant")
    assert again.json()["access_token"] == first.json()["access_token"]
    assert again.json()["token_type"] == "DPoP"


async def test_a_bearer_response_is_not_repeated_as_a_bound_one(
    key: Prover, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9"""
    app = key.app
    pair = (await app.password_grant(client, user)).json()
    first = await app.refresh(client, pair["refresh_token"])

    bound = await key.token(client, grant_type="refresh_token", refresh_token=pair["refresh_token"])
    again = await app.refresh(client, pair["refresh_token"])

    assert_oauth_error(bound, "invalid_grant")
    assert again.json()["access_token"] == first.json()["access_token"]


async def test_a_client_that_requires_bound_tokens_refreshes_with_a_proof(
    key: Prover, user: TestUser
) -> None:
    """RFC 9449 section 5.2; SECURITY_BAR row 38: downgrade"""
    app = key.app
    client = await app.create_client(dpop_bound_access_tokens=True)
    form = {"grant_type": "password", "username": user.username, "password": user.password}
    first = (await key.token(client, **form)).json()

    without = await app.refresh(client, first["refresh_token"])
    with_proof = await key.token(
        client, grant_type="refresh_token", refresh_token=first["refresh_token"]
    )

    assert_oauth_error(without, "invalid_dpop_proof")
    assert with_proof.status_code == 200


@pytest.mark.parametrize("metadata", [PUBLIC, {}], ids=["public", "confidential"])
async def test_tokens_of_a_device_are_bound(
    key: Prover,
    stranger: Prover,
    user: TestUser,
    visitor: Visitor,
    metadata: dict[str, str],
) -> None:
    """RFC 9449 section 5, RFC 8628"""
    app = key.app
    device = await start_device(
        app,
        await device_client(app, scope="openid profile offline_access", **metadata),
        scope="openid offline_access",
    )
    page = await question(visitor, device, user)
    await visitor.submit(page, to="/device/decision", decision="allow")
    client = device.client if device.client.client_secret else None
    client_id = {"client_id": device.client.client_id}
    app.clock.advance(seconds=6)

    first = await key.token(
        client,
        grant_type="urn:ietf:params:oauth:grant-type:device_code",
        device_code=device.answer["device_code"],
        **client_id,
    )
    refreshed = await stranger.token(
        client,
        grant_type="refresh_token",
        refresh_token=first.json()["refresh_token"],
        **client_id,
    )

    assert first.json()["token_type"] == "DPoP"
    assert refreshed.status_code == (400 if metadata else 200)
