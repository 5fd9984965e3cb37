"""UserInfo (OpenID Connect Core section 5.3): how a token comes, and who gets an answer."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.protocol.devices import decide, device_client, start_device
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.jwt import claims_of, header_of, verified
from tests.support.visitor import Visitor, redeem


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest_asyncio.fixture
async def tokens(client: TestClient, user: TestUser, visitor: Visitor) -> dict[str, Any]:
    return await visitor.tokens_for(client, user)


@pytest_asyncio.fixture
async def token(tokens: dict[str, Any]) -> str:
    return str(tokens["access_token"])


async def test_the_subject_is_that_of_the_id_token(
    app: Application, client: TestClient, tokens: dict[str, Any]
) -> None:
    """Section 5.3.4"""
    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)

    response = await app.http.get("/userinfo", headers=bearer(tokens["access_token"]))

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {"sub": claims["sub"]}


async def test_a_token_is_accepted_in_the_header_of_get_and_post_and_in_a_form(
    app: Application, token: str
) -> None:
    """RFC 6750 sections 2.1 and 2.2"""
    answers = [
        await app.http.get("/userinfo", headers=bearer(token)),
        await app.http.post("/userinfo", headers=bearer(token)),
        await app.http.post("/userinfo", data={"access_token": token}),
        await app.http.post("/userinfo", headers=bearer(token), data={"access_token": ""}),
        await app.http.post("/userinfo", headers=bearer(token), json={"access_token": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_token_in_the_query_is_refused(app: Application, token: str, method: str) -> None:
    """RFC 9700 section 4.3.2"""
    response = await app.http.request(method, "/userinfo", params={"access_token": token})

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_in_the_form_of_a_get_request_is_refused(
    app: Application, token: str
) -> None:
    """RFC 6750 section 2.2: only where a body means something"""
    response = await app.http.request("GET", "/userinfo", data={"access_token": token})

    assert response.status_code == 401


async def test_a_token_in_a_json_body_is_refused(app: Application, token: str) -> None:
    response = await app.http.post("/userinfo", json={"access_token": token})

    assert response.status_code == 401


@pytest.mark.parametrize(
    "further",
    [
        {"data": {"access_token": "x"}},
        {"params": {"access_token": "x"}},
    ],
)
async def test_a_request_with_two_tokens_is_refused(
    app: Application, token: str, further: dict[str, Any]
) -> None:
    """RFC 6750 section 2; also where both are the same"""
    same = {how: {"access_token": token} for how in further}

    for given in (further, same):
        response = await app.http.post("/userinfo", headers=bearer(token), **given)

        assert_oauth_error(response, "invalid_request")


async def test_a_request_with_tokens_in_the_form_and_in_the_query_is_refused(
    app: Application, token: str
) -> None:
    response = await app.http.post(
        "/userinfo", data={"access_token": token}, params={"access_token": token}
    )

    assert_oauth_error(response, "invalid_request")


async def test_a_form_with_two_tokens_is_refused(app: Application, token: str) -> None:
    """SECURITY_BAR row 1"""
    response = await app.http.post(
        "/userinfo",
        content=f"access_token={token}&access_token={token}",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )

    assert_oauth_error(response, "invalid_request")


@pytest.mark.parametrize("given", ["", "x", "postern_at_" + "x" * 43, "é", "x" * 20_000])
async def test_a_malformed_token_is_refused(app: Application, given: str) -> None:
    """SECURITY_BAR row 44"""
    response = await app.http.post("/userinfo", data={"access_token": given})

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_without_openid_has_insufficient_scope(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """Section 5.3: whatever other scopes there are"""
    tokens = await visitor.tokens_for(client, user, scope="profile email", nonce=None)

    response = await app.http.get("/userinfo", headers=bearer(tokens["access_token"]))

    assert_oauth_error(response, "insufficient_scope", status=403)
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


async def test_a_client_credentials_token_has_insufficient_scope(
    app: Application, client: TestClient
) -> None:
    granted = await app.client_credentials(client, scope="openid")
    assert granted.status_code == 200, granted.text

    response = await app.http.get("/userinfo", headers=bearer(granted.json()["access_token"]))

    assert_oauth_error(response, "insufficient_scope", status=403)


async def test_a_refreshed_token_returns_the_same_claims(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """The claims parameter goes with the sign-in"""
    asked = '{"userinfo": {"preferred_username": {"essential": true}}}'
    tokens = await visitor.tokens_for(client, user, claims=asked)
    refreshed = (await app.refresh(client, tokens["refresh_token"])).json()

    first, second = [
        (await app.http.get("/userinfo", headers=bearer(each["access_token"]))).json()
        for each in (tokens, refreshed)
    ]

    assert first == second
    assert first["preferred_username"] == user.username


async def test_a_revoked_token_is_refused(app: Application, client: TestClient, token: str) -> None:
    assert (await app.http.get("/userinfo", headers=bearer(token))).status_code == 200
    await app.revoke(client, token)

    response = await app.http.get("/userinfo", headers=bearer(token))

    assert_oauth_error(response, "invalid_token", status=401)


async def test_a_token_of_the_password_grant_is_accepted(
    app: Application, client: TestClient, user: TestUser
) -> None:
    granted = (await app.password_grant(client, user, scope="openid profile")).json()

    answer = await app.http.get("/userinfo", headers=bearer(granted["access_token"]))

    assert answer.json()["preferred_username"] == user.username


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_client_registered_for_signed_userinfo_gets_a_signed_response(
    app: Application, user: TestUser, visitor: Visitor, algorithm: str
) -> None:
    """Section 5.3.2"""
    client = await app.create_client(userinfo_signed_response_alg=algorithm)
    tokens = await visitor.tokens_for(client, user, scope="openid profile")

    response = await app.http.get("/userinfo", headers=bearer(tokens["access_token"]))

    assert response.headers["content-type"] == "application/jwt"
    assert header_of(response.text)["alg"] == algorithm
    claims = await verified(app, response.text)
    of_sign_in = await claims_of(app, tokens["id_token"], audience=client.client_id)
    assert claims["iss"] == app.settings.issuer_url
    assert claims["aud"] == client.client_id
    assert claims["sub"] == of_sign_in["sub"]
    assert claims["preferred_username"] == user.username


async def test_a_pairwise_client_sees_the_same_subject_everywhere(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Section 8.1"""
    client = await app.create_client(subject_type="pairwise")
    public = await app.create_client()
    tokens = await visitor.tokens_for(client, user)
    openly = await visitor.tokens_for(public, user)

    userinfo = await app.http.get("/userinfo", headers=bearer(tokens["access_token"]))

    sub = userinfo.json()["sub"]
    assert sub == (await verified(app, tokens["id_token"]))["sub"]
    assert sub == (await app.introspect(client, tokens["access_token"]))["sub"]
    assert sub != (await verified(app, openly["id_token"]))["sub"]


async def test_responses_are_the_same_with_and_without_the_fast_lane(
    app: Application, start_app: AppFactory, token: str
) -> None:
    slow = await start_app(database_url=app.settings.database_url, fast_lane=False)
    slow.clock.advance(seconds=(app.clock.now() - slow.clock.now()).total_seconds())

    def plain(answer: httpx.Response) -> tuple[int, str, str]:
        return answer.status_code, answer.text, answer.headers["content-type"]

    for form in ({"access_token": token}, {"access_token": "x"}, {}):
        fast_answer = await app.http.post("/userinfo", data=form)
        slow_answer = await slow.http.post("/userinfo", data=form)

        assert plain(fast_answer) == plain(slow_answer)


async def test_a_token_of_the_device_grant_is_accepted(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    device = await start_device(app, await device_client(app))
    await decide(visitor, device, user)
    token = (await device.ask()).json()["access_token"]

    answer = await app.http.get("/userinfo", headers=bearer(token))

    assert answer.json()["preferred_username"] == user.username


async def test_redeeming_a_code_twice_revokes_its_access_token(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 7"""
    code = await visitor.code_for(client, user)
    token = (await redeem(app, client, code)).json()["access_token"]
    await redeem(app, client, code)

    assert_oauth_error(
        await app.http.get("/userinfo", headers=bearer(token)), "invalid_token", status=401
    )
