"""What the claims parameter of one sign-in means later (OpenID Connect Core section 5.5)."""

import json
from typing import Any

import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.jwt import claims_of
from tests.support.people import CLAIMS, person_with, told
from tests.support.visitor import Visitor, answer_in, redeem, text_of


@pytest.fixture
async def zoe(app: Application) -> TestUser:
    return await person_with(app, **CLAIMS)


async def test_requested_claims_are_preserved_across_a_refresh(
    app: Application, client: TestClient, zoe: TestUser, visitor: Visitor
) -> None:
    asked = json.dumps({"userinfo": {"name": None}, "id_token": {"nickname": None}})
    first = await visitor.tokens_for(
        client, zoe, scope="openid offline_access", claims=asked, prompt="consent"
    )

    second = (await app.refresh(client, first["refresh_token"])).json()

    assert (await told(app, second["access_token"])).keys() == {"sub", "name"}
    claims = await claims_of(app, second["id_token"], audience=client.client_id)
    assert claims["nickname"] == CLAIMS["nickname"]


async def test_requested_claims_do_not_apply_to_another_sign_in(
    app: Application, client: TestClient, zoe: TestUser, visitor: Visitor
) -> None:
    asked = json.dumps({"userinfo": {"name": None}})
    with_claims = await visitor.tokens_for(client, zoe, scope="openid", claims=asked)
    without = await visitor.tokens_for(client, zoe, scope="openid")

    assert "name" in await told(app, with_claims["access_token"])
    assert (await told(app, without["access_token"])).keys() == {"sub"}


async def test_a_later_wider_registration_releases_no_claims_without_consent(
    app: Application, zoe: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 6: nor once it may, since the person was not asked about it then"""
    registered = await app.http.post(
        "/register",
        json={"redirect_uris": ["http://localhost:3000/callback"], "scope": "openid profile"},
    )
    body = registered.json()
    client = TestClient(body["client_id"], body["client_secret"])
    names = {"name": None, "email": {"essential": True}}
    asked = json.dumps({"userinfo": names, "id_token": names})

    page = await visitor.sign_in(await visitor.authorize(client, claims=asked), zoe)
    assert "Your email address" not in text_of(page)
    code = answer_in(await visitor.allow(page))["code"]
    tokens = await _redeem(app, client, code)
    await _widen(app, body, "openid profile email")

    in_token = await claims_of(app, tokens["id_token"], audience=client.client_id)
    assert in_token["name"] == CLAIMS["name"]
    assert "email" not in in_token
    assert (await told(app, tokens["access_token"])).keys() == {"sub", "name"}


async def _redeem(app: Application, client: TestClient, code: str) -> dict[str, Any]:
    response = await redeem(app, client, code)
    assert response.status_code == 200, response.text
    tokens: dict[str, Any] = response.json()
    return tokens


async def _widen(app: Application, registered: dict[str, Any], scope: str) -> None:
    """What the client may do by itself (RFC 7592 section 2.2)."""
    response = await app.http.put(
        f"/register/{registered['client_id']}",
        json={
            "client_id": registered["client_id"],
            "redirect_uris": registered["redirect_uris"],
            "scope": scope,
        },
        headers={"Authorization": f"Bearer {registered['registration_access_token']}"},
    )
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "claims",
    [
        '{"id_token": {"acr": {"values": 5}}}',
        '{"id_token": {"acr": {"values": {"a": 1}}}}',
        '{"id_token": {"acr": {"value": ["urn:x"]}}}',
        '{"id_token": {"acr": {"values": [5, null, {}]}}}',
        '{"id_token": {"acr": {"essential": "yes", "values": []}}}',
        '{"id_token": {"sub": {"value": 5}}}',
        '{"id_token": {"sub": {"values": ["a"]}}}',
        '{"id_token": {"sub": null, "auth_time": null, "amr": {"value": {}}}}',
        '{"userinfo": {"sub": {"value": "x"}, "": {}, "\\u0000": null}}',
    ],
)
async def test_malformed_claim_conditions_are_ignored_or_refused(
    client: TestClient, user: TestUser, visitor: Visitor, claims: str
) -> None:
    """SECURITY_BAR row 44: ignored or refused, never a 500"""
    answer = await visitor.answer_for(client, user, claims=claims)

    assert answer.get("error", "invalid_request") == "invalid_request"
    assert ("code" in answer) != ("error" in answer)


async def test_a_requested_subject_must_match_the_signed_in_user(
    app: Application, client: TestClient, zoe: TestUser, visitor: Visitor
) -> None:
    """Section 5.5.1: a token about somebody else must not be made"""
    tokens = await visitor.tokens_for(client, zoe)
    subject = (await claims_of(app, tokens["id_token"], audience=client.client_id))["sub"]

    same, other = [
        await visitor.authorize(
            client, prompt="none", claims=json.dumps({"id_token": {"sub": {"value": value}}})
        )
        for value in (subject, "0" * 32)
    ]

    assert "code" in answer_in(same)
    assert answer_in(other)["error"] == "login_required"
