"""Which claims a client is told (OpenID Connect Core sections 5.1, 5.4 and 5.5)."""

import json
from typing import Any

import pytest
import pytest_asyncio

from app.schemas.claims import StandardClaims
from app.wiring import Services
from tests.support.administration import set_claims_of
from tests.support.application import PASSWORD, Application, TestClient, TestUser, otp_secret_in
from tests.support.jwt import claims_of
from tests.support.visitor import Visitor, answer_in, text_of

ABOUT = {
    "name": "Ada Lovelace",
    "given_name": "Ada",
    "email": "ada@example.com",
    "phone_number": "+43 1 234567",
    "address": {"street_address": "Ring 1", "locality": "Wien", "country": "Austria"},
    "birthdate": "1815-12-10",
    "zoneinfo": "Europe/Vienna",
}
BY_SCOPE: dict[str, set[str]] = {
    "openid": set(),
    "openid profile": {
        "name",
        "given_name",
        "birthdate",
        "zoneinfo",
        "preferred_username",
        "updated_at",
    },
    "openid email": {"email", "email_verified"},
    "openid phone": {"phone_number", "phone_number_verified"},
    "openid address": {"address"},
}


@pytest_asyncio.fixture
async def ada(app: Application) -> TestUser:
    """A person who said a good deal about herself."""
    name = app.new_name()
    response = await app.http.post(
        "/register_user", json={"username": name, "password": PASSWORD, **ABOUT}
    )
    assert response.status_code == 201, response.text
    person = TestUser(name, PASSWORD, otp_secret_in(response.json()["otp_uri"]))
    await app.verify_otp(name, app.code(person))
    return person


@pytest_asyncio.fixture
async def client(app: Application) -> TestClient:
    """One that may have everything."""
    return await app.create_client(scope="openid profile email phone address")


async def userinfo(app: Application, tokens: dict[str, Any]) -> dict[str, Any]:
    response = await app.http.get(
        "/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}
    )
    assert response.status_code == 200, response.text
    told: dict[str, Any] = response.json()
    return told


@pytest.mark.parametrize("scope", BY_SCOPE)
async def test_each_scope_returns_its_claims_and_no_others(
    app: Application, client: TestClient, ada: TestUser, visitor: Visitor, scope: str
) -> None:
    """Section 5.4"""
    tokens = await visitor.tokens_for(client, ada, scope=scope)

    told = await userinfo(app, tokens)

    assert set(told) == {"sub"} | BY_SCOPE[scope]
    assert {name: told[name] for name in ABOUT if name in told} == {
        name: value for name, value in ABOUT.items() if name in BY_SCOPE[scope]
    }
    assert None not in told.values()


async def test_self_asserted_email_and_phone_number_are_not_verified(
    app: Application, client: TestClient, ada: TestUser, visitor: Visitor
) -> None:
    told = await userinfo(app, await visitor.tokens_for(client, ada, scope="openid email phone"))

    assert told["email_verified"] is False
    assert told["phone_number_verified"] is False


async def test_claims_without_a_value_are_omitted(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """Section 5.3.2: never null, never empty"""
    scope = "openid profile email phone address"

    told = await userinfo(app, await visitor.tokens_for(client, user, scope=scope))

    assert set(told) == {"sub", "preferred_username", "updated_at"}
    assert isinstance(told["updated_at"], int)


async def test_claims_of_scopes_are_in_userinfo_and_not_in_the_id_token(
    app: Application, client: TestClient, ada: TestUser, visitor: Visitor
) -> None:
    """Section 5.4"""
    tokens = await visitor.tokens_for(client, ada, scope="openid profile email")

    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)

    assert not {"name", "email", "preferred_username"} & set(claims)


async def test_a_claim_may_be_requested_by_name(
    app: Application, client: TestClient, ada: TestUser, visitor: Visitor
) -> None:
    """Section 5.5: essential or not, without the scope of its kind"""
    asked = {"userinfo": {"name": {"essential": True}, "email": None, "nickname": None}}
    tokens = await visitor.tokens_for(client, ada, claims=json.dumps(asked))

    told = await userinfo(app, tokens)

    assert set(told) == {"sub", "name", "email"}


async def test_a_claim_outside_the_registered_scope_is_not_returned(
    app: Application, ada: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: the claims parameter is no way around the registered scope"""
    client = await app.create_client(scope="openid email")
    asked = {"email": None, "phone_number": {"essential": True}, "name": {"essential": True}}
    both = json.dumps({"userinfo": asked, "id_token": asked})
    tokens = await visitor.tokens_for(client, ada, claims=both)

    told = await userinfo(app, tokens)
    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)

    assert set(told) == {"sub", "email"}
    assert "email" in claims
    assert not {"name", "phone_number"} & set(claims)


async def test_userinfo_and_the_id_token_return_their_own_requested_claims(
    app: Application, client: TestClient, ada: TestUser, visitor: Visitor
) -> None:
    """Section 5.5"""
    asked = {"userinfo": {"email": None}, "id_token": {"name": {"essential": True}}}
    tokens = await visitor.tokens_for(client, ada, claims=json.dumps(asked))

    told = await userinfo(app, tokens)
    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)

    assert ("email" in told, "name" in told) == (True, False)
    assert ("email" in claims, claims["name"]) == (False, ABOUT["name"])


async def test_claims_of_the_scope_and_requested_claims_are_combined(
    app: Application, client: TestClient, ada: TestUser, visitor: Visitor
) -> None:
    asked = '{"userinfo": {"birthdate": null}}'
    tokens = await visitor.tokens_for(client, ada, scope="openid email", claims=asked)

    assert set(await userinfo(app, tokens)) == {"sub", "email", "email_verified", "birthdate"}


async def test_unknown_claims_are_ignored(
    app: Application, client: TestClient, ada: TestUser, visitor: Visitor
) -> None:
    """Section 5.5; and nothing else of ours is a claim"""
    names = ["shoe_size", "password_hash", "username", "user_id", "pairwise_salt", "otp_secret"]
    asked = json.dumps({"userinfo": dict.fromkeys(names), "id_token": dict.fromkeys(names)})
    tokens = await visitor.tokens_for(client, ada, claims=asked)

    told = await userinfo(app, tokens)
    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)

    assert set(told) == {"sub"}
    assert not set(names) & set(claims)


async def test_the_claims_parameter_cannot_override_protocol_claims(
    app: Application, client: TestClient, ada: TestUser, visitor: Visitor
) -> None:
    asked = json.dumps(
        {
            "id_token": {
                "iss": {"value": "https://evil.example"},
                "aud": {"value": "somebody"},
                "exp": {"value": 9_999_999_999},
                "acr": {"value": "none", "essential": False},
            }
        }
    )
    tokens = await visitor.tokens_for(client, ada, claims=asked)

    claims = await claims_of(app, tokens["id_token"], audience=client.client_id)

    assert claims["exp"] - claims["iat"] == app.settings.id_token_ttl


@pytest.mark.parametrize(
    "asked",
    [
        "x",
        "[]",
        "null",
        '"text"',
        '{"userinfo": []}',
        '{"userinfo": {"email": 1}}',
        '{"id_token": "email"}',
        '{"userinfo": {"\\ud800": null}}',
        "[" * 5000,
        json.dumps({"userinfo": {f"claim-{number}": None for number in range(1000)}}),
    ],
)
async def test_an_invalid_claims_parameter_is_refused(
    client: TestClient, visitor: Visitor, asked: str
) -> None:
    """Section 5.5; SECURITY_BAR row 44"""
    answer = answer_in(await visitor.authorize(client, claims=asked))

    assert answer["error"] == "invalid_request"


async def test_the_consent_page_shows_claims_requested_by_name(
    client: TestClient, ada: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: a claim counts as its scope on the consent page"""
    asked = '{"userinfo": {"phone_number": {"essential": true}}}'

    page = await visitor.sign_in(await visitor.authorize(client, claims=asked), ada)

    assert 'action="/consent"' in page.text
    assert "phone number" in text_of(page).lower()


async def test_a_changed_claim_is_returned_immediately(
    app: Application, client: TestClient, ada: TestUser, visitor: Visitor, operator: Services
) -> None:
    tokens = await visitor.tokens_for(client, ada, scope="openid profile")
    before = await userinfo(app, tokens)
    app.clock.advance(seconds=60)

    await set_claims_of(
        operator, ada.username, StandardClaims(name="Ada King"), unset=["birthdate"]
    )

    after = await userinfo(app, tokens)
    assert after["name"] == "Ada King"
    assert "birthdate" not in after
    assert after["updated_at"] > before["updated_at"]
    assert after["given_name"] == before["given_name"]
