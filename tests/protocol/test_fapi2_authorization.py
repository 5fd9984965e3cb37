"""FAPI 2.0 Security Profile (Final), section 5.3.2.2: authorization requests and responses.

The tests named after modules of the official plan run with keys and DPoP, and with certificates.
"""

from typing import Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio

from tests.protocol.fapi_clients import (
    FapiClient,
    client_with_certificate,
    client_with_keys,
    complete,
)
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import jwks, signing_key
from tests.support.mutual_tls import behind_proxy
from tests.support.visitor import (
    ORIGIN_OF_CLIENTS,
    REDIRECT_URI,
    Visitor,
    answer_in,
    query,
    visiting,
)

APP_SETTINGS = {**behind_proxy(None), "authorization_code_ttl": 600}
MAKERS = {"keys": client_with_keys, "certificate": client_with_certificate}


@pytest_asyncio.fixture(params=MAKERS)
async def client(app: Application, request: pytest.FixtureRequest) -> FapiClient:
    return await MAKERS[request.param](app)


@pytest_asyncio.fixture
async def signer(app: Application) -> FapiClient:
    return await client_with_keys(app)


async def test_a_pushed_request_yields_a_code_with_state_and_issuer(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """happy-flow; sections 5.3.2.2-1, -2 and -7"""
    pushed = await client.push(state="a" * 128)
    parameters = {"client_id": client.client_id, "request_uri": pushed.json()["request_uri"]}

    answer = await complete(visitor, user, parameters)

    assert pushed.status_code == 201
    assert 0 < pushed.json()["expires_in"] < 600
    assert answer == {
        "code": answer["code"],
        "state": "a" * 128,
        "iss": client.app.settings.issuer_url,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"state": None},
        {"nonce": None},
        {"nonce": "n" * 64},
        {"nonce": "n" * 1000},
        {"state": "s" * 1000},
        {"scope": "profile offline_access openid"},
        {"claims": '{"id_token": {"name": null}, "userinfo": {"name": {"essential": true}}}'},
    ],
    ids=["no state", "no nonce", "64", "long nonce", "long state", "other order", "claims"],
)
async def test_optional_parameters_may_be_left_out_or_be_long(
    client: FapiClient, user: TestUser, visitor: Visitor, changes: dict[str, str]
) -> None:
    """ensure-authorization-request-without-state-success and the modules like it"""
    answer = await client.answer(visitor, user, **changes)

    assert answer["code"]
    assert answer.get("state") == changes.get("state", "a-state")


@pytest.mark.parametrize("extra", [{}, {"code_challenge": None, "code_challenge_method": None}])
async def test_a_request_that_was_not_pushed_is_refused(
    client: FapiClient, visitor: Visitor, extra: dict[str, None]
) -> None:
    """ensure-unsigned-authorization-request-without-using-par-fails; section 5.3.2.2-3"""
    answer = answer_in(await visitor.authorize(client.public, **extra))

    assert answer["error"] == "invalid_request"
    assert "pushed_authorization_request_endpoint" in answer["error_description"]
    assert answer["state"] == "a-state"
    assert "code" not in answer


async def test_a_signed_request_that_was_not_pushed_is_refused(
    signer: FapiClient, visitor: Visitor
) -> None:
    """Section 5.3.2.2-3: a request object is no substitute"""
    assert signer.key is not None
    issuer = signer.app.settings.issuer_url
    request = signer.key.sign({"iss": signer.client_id, "aud": issuer, "scope": "openid"})

    answer = answer_in(await visitor.authorize(signer.public, request=request))

    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"redirect_uri": None}, "doesn't say where to return to"),
        ({"redirect_uri": f"{REDIRECT_URI}/other"}, "isn't registered"),
        ({"redirect_uri": f"{REDIRECT_URI}?dummy=lorem"}, "isn't registered"),
    ],
    ids=["missing", "other path", "query added"],
)
async def test_a_redirect_uri_is_required_and_must_be_registered(
    client: FapiClient, changes: dict[str, Any], message: str
) -> None:
    """ensure-redirect-uri-in-authorization-request, ensure-registered-redirect-uri,
    ensure-request-object-without-redirect-uri-fails; section 5.3.2.2-8"""
    response = await client.push(**changes)

    assert_oauth_error(response, "invalid_request")
    assert message in response.json()["error_description"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "S256"),
        ({"code_challenge_method": "plain"}, "S256"),
        ({"code_challenge_method": None}, "S256"),
    ],
    ids=["missing", "plain", "plain by default"],
)
async def test_pkce_with_s256_is_required(
    client: FapiClient, changes: dict[str, Any], message: str
) -> None:
    """par-ensure-pkce-required, par-ensure-plain-pkce-rejected; section 5.3.2.2-5"""
    response = await client.push(**changes)

    assert_oauth_error(response, "invalid_request")
    assert message in response.json()["error_description"]


@pytest.mark.parametrize("response_type", ["token", "code id_token"])
async def test_only_the_response_type_code_is_accepted(
    client: FapiClient, response_type: str
) -> None:
    """ensure-response-type-token-fails, ensure-response-type-code-idtoken-fails"""
    response = await client.push(response_type=response_type)

    assert_oauth_error(response, "unsupported_response_type")


async def test_only_the_pushed_parameters_count(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """ensure-different-state-inside-and-outside-request-object,
    ensure-different-nonce-inside-and-outside-request-object,
    state-only-outside-request-object-not-used"""
    first = await client.pushed(state="inside")
    second = await client.pushed(state=None)

    inside = await complete(visitor, user, {**first, "state": "outside", "scope": "email"})
    absent = await complete(visitor, user, {**second, "state": "outside"})

    assert inside["state"] == "inside"
    assert "state" not in absent


async def test_a_request_object_at_a_url_is_no_pushed_request(app: Application) -> None:
    """Section 5.3.2.2-3, RFC 9101: nothing is fetched"""
    uri = "https://app.example.com/request"
    client = await client_with_keys(app, name="fetches", request_uris=[uri])

    async with visiting(app) as visitor:
        answer = answer_in(await visitor.authorize(client.public, request_uri=uri))

    assert answer["error"] == "invalid_request"
    assert "pushed_authorization_request_endpoint" in answer["error_description"]


async def test_a_request_uri_can_be_opened_again_until_it_is_answered(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """par-ensure-reused-request-uri-prior-to-auth-completion-succeeds,
    par-attempt-reuse-request_uri; section 5.3.2.2 note 3"""
    parameters = await client.pushed()
    await visitor.follow(await visitor.get("/authorize", **parameters))

    answer = await complete(visitor, user, parameters)
    again = await visitor.get("/authorize", **parameters)

    assert answer["code"]
    assert again.status_code == 400


async def test_a_request_uri_expires(client: FapiClient, visitor: Visitor) -> None:
    """par-attempt-to-use-expired-request_uri; section 5.3.2.2-11"""
    parameters = await client.pushed()
    client.app.clock.advance(seconds=90)

    response = await visitor.get("/authorize", **parameters)

    assert response.status_code == 400


async def test_a_request_uri_is_for_its_client_only(
    app: Application, client: FapiClient, visitor: Visitor
) -> None:
    """par-attempt-to-use-request_uri-for-different-client"""
    other = await client_with_keys(app, name="another")
    parameters = await client.pushed()

    response = await visitor.get("/authorize", **{**parameters, "client_id": other.client_id})

    assert response.status_code == 400


async def test_a_pushed_request_must_not_contain_a_request_uri(client: FapiClient) -> None:
    """par-authorization-request-containing-request_uri-form-param"""
    response = await client.push(request_uri="urn:ietf:params:oauth:request_uri:x")

    assert_oauth_error(response, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_requests_are_pushed_by_post_only(client: FapiClient, method: str) -> None:
    """par-attempt-invalid-http-method"""
    response = await client.app.http.request(method, "/par")

    assert response.status_code == 405


async def test_a_user_who_denies_the_request_sends_the_client_an_error(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """user-rejects-authentication"""
    page = await visitor.follow(await visitor.get("/authorize", **await client.pushed()))
    page = await visitor.sign_in(page, user)

    answer = answer_in(
        await visitor.follow(await visitor.submit(page, to="/consent", decision="deny"))
    )

    assert answer["error"] == "access_denied"
    assert answer["state"] == "a-state"
    assert answer["iss"] == client.app.settings.issuer_url


async def test_the_browser_returns_by_303(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """Section 5.3.2.2-9 and -10: 307 would send the password on"""
    login = await visitor.get("/authorize", **await client.pushed())
    page = await visitor.sign_in(await visitor.follow(login), user)

    answer = await visitor.allow(page)

    assert login.status_code == answer.status_code == 303
    assert answer.headers["location"].startswith(ORIGIN_OF_CLIENTS)


async def test_a_code_expires_after_60_seconds_whatever_the_setting(
    client: FapiClient, user: TestUser, visitor: Visitor
) -> None:
    """ensure-token-endpoint-fails-with-expired-auth-code; section 5.3.2.1-11. The setting is 600"""
    first = await client.code(visitor, user)
    client.app.clock.advance(seconds=59)
    in_time = await client.redeem(first)
    second = await client.code(visitor, user)
    client.app.clock.advance(seconds=60)

    assert in_time.status_code == 200
    assert_oauth_error(await client.redeem(second), "invalid_grant")


@pytest.mark.parametrize(
    ("algorithm", "status"), [("PS256", 201), ("ES256", 201), ("Ed25519", 201), ("RS256", 400)]
)
async def test_a_pushed_request_object_is_signed_by_an_allowed_algorithm(
    app: Application, algorithm: str, status: int
) -> None:
    """Section 5.4.1; SECURITY_BAR row 35"""
    key = signing_key(algorithm, "of request objects")
    both = jwks(key, signing_key("ES256", "fapi"))
    signer = await client_with_keys(app, jwks=both)
    parameters = dict(parse_qsl(query(signer.public)))
    claims = {**parameters, "iss": signer.client_id, "aud": app.settings.issuer_url}

    response = await signer.post("/par", {"request": key.sign(claims)})

    assert response.status_code == status, response.text
    if status == 400:
        assert_oauth_error(response, "invalid_request_object")


@pytest.mark.parametrize(("seconds", "status"), [(8, 201), (10, 201), (61, 400)])
@pytest.mark.parametrize("claim", ["iat", "nbf"])
async def test_a_request_object_may_be_a_little_ahead(
    signer: FapiClient, claim: str, seconds: int, status: int
) -> None:
    """Section 5.3.2.1-13"""
    assert signer.key is not None
    claims = {
        "iss": signer.client_id,
        "aud": signer.app.settings.issuer_url,
        claim: signer.moment(seconds),
    }

    response = await signer.push(request=signer.key.sign(claims))

    assert response.status_code == status, response.text
