"""Signed UserInfo, and subjects that are the same everywhere (OpenID Connect Core 5.3.2, 8)."""

from typing import Any

import pytest

from tests.support.administration import reset_password
from tests.support.application import Application, TestClient, TestUser
from tests.support.jwt import claims_of, header_of, verified
from tests.support.people import ALL_SCOPES, CLAIMS, access_token, person_with, told, userinfo
from tests.support.visitor import Visitor, visiting

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]


async def subjects_of(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> list[str]:
    """What each place says of who somebody is."""
    tokens = await visitor.tokens_for(client, user)
    return [
        (await claims_of(app, tokens["id_token"], audience=client.client_id))["sub"],
        (await told(app, tokens["access_token"]))["sub"],
        (await app.introspect(client, tokens["access_token"]))["sub"],
    ]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_client_registered_for_signed_userinfo_gets_a_signed_response(
    app: Application, algorithm: str
) -> None:
    """CONFORMANCE: oidcc-userinfo-rs256"""
    client = await app.create_client(userinfo_signed_response_alg=algorithm)
    zoe = await person_with(app, **CLAIMS)
    token = await access_token(app, client, zoe, "openid email")

    by_get = await userinfo(app, token)
    by_post = await app.http.post("/userinfo", data={"access_token": token})

    for answer in (by_get, by_post):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/jwt"
        assert answer.headers["cache-control"] == "no-store"
        assert header_of(answer.text)["alg"] == algorithm
        claims = await verified(app, answer.text)
        assert claims.keys() == {"iss", "aud", "sub", "email", "email_verified"}
        assert claims["iss"] == app.settings.issuer_url
        assert claims["aud"] == client.client_id
        assert claims["email"] == CLAIMS["email"]


async def test_an_error_response_is_not_signed(app: Application, user: TestUser) -> None:
    client = await app.create_client(userinfo_signed_response_alg="ES256")
    token = await access_token(app, client, user, "profile")

    answer = await userinfo(app, token)

    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/json"


async def test_a_signed_response_is_not_accepted_as_a_token(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 36"""
    client = await app.create_client(userinfo_signed_response_alg="RS256")
    tokens = await visitor.tokens_for(client, user)

    signed = (await userinfo(app, tokens["access_token"])).text

    assert (await userinfo(app, signed)).status_code == 401
    assert (await app.profile(signed)).status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "", "rs256"])
async def test_an_unsupported_algorithm_cannot_be_registered(
    app: Application, algorithm: str
) -> None:
    """SECURITY_BAR row 35"""
    answer = await app.http.post(
        "/create_client",
        json={
            "client_name": app.new_name(),
            "redirect_uri": "http://localhost:3000/callback",
            "userinfo_signed_response_alg": algorithm,
        },
    )

    assert answer.status_code == 422


async def test_the_public_subject_is_the_same_everywhere(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """Core section 5.3.2: who the ID token is about is who UserInfo is about"""
    subjects = await subjects_of(app, visitor, client, user)
    other = await subjects_of(app, visitor, await app.create_client(), user)

    assert len(set(subjects + other)) == 1
    assert user.username not in subjects[0]


async def test_the_pairwise_subject_is_the_same_everywhere(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """Core section 8: also where another client asks about the token"""
    pairwise = await app.create_client(subject_type="pairwise")

    subjects = await subjects_of(app, visitor, pairwise, user)
    public = await subjects_of(app, visitor, client, user)

    assert len(set(subjects)) == 1
    assert len(set(subjects + public)) == 2
    token = (await visitor.tokens_for(pairwise, user))["access_token"]
    assert (await app.introspect(client, token))["sub"] == subjects[0]


async def test_a_pairwise_subject_survives_a_password_reset_and_is_shared_by_its_sector(
    app: Application, user: TestUser, operator: Any
) -> None:
    client = await app.create_client(subject_type="pairwise")
    same_sector = await app.create_client(subject_type="pairwise")
    async with visiting(app) as visitor:
        before = await told(app, (await visitor.tokens_for(client, user))["access_token"])
    await reset_password(operator, user.username, "another good password")
    renewed = TestUser(user.username, "another good password", user.otp_secret)

    async with visiting(app) as visitor:
        after = await told(app, (await visitor.tokens_for(same_sector, renewed))["access_token"])

    assert after["sub"] == before["sub"]


async def test_claims_supported_lists_exactly_the_available_claims(
    app: Application, visitor: Visitor
) -> None:
    """OpenID Connect Discovery section 3: claims_supported"""
    metadata = (await app.http.get("/.well-known/openid-configuration")).json()
    scope = f"{ALL_SCOPES} groups roles"
    client = await app.create_client(scope=scope)
    zoe = await person_with(app, **CLAIMS)

    tokens = await visitor.tokens_for(client, zoe, scope=scope, prompt="consent")

    in_token = await claims_of(app, tokens["id_token"], audience=client.client_id)
    had = set(await told(app, tokens["access_token"])) | (
        {"auth_time", "acr", "amr"} & in_token.keys()
    )
    assert set(metadata["claims_supported"]) == had
