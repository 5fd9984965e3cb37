"""Which ID token counts as a hint of RP-Initiated Logout 1.0: one of ours, and nothing else."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from app.services.operations.authority import FULL
from tests.support.application import Application, TestClient, TestUser
from tests.support.client_jwts import (
    SigningKey,
    encoded,
    signed_with_the_public_key,
    signing_key,
    unsigned,
)
from tests.support.logout import (
    AFTER,
    decoded,
    is_question,
    is_signed_in,
    says_signed_out,
)
from tests.support.parts import services_of
from tests.support.visitor import Visitor

FORGERIES = (
    "unsigned",
    "modified",
    "cut",
    "another key",
    "another key of the same name",
    "the public key as a secret",
    "the key in the header",
    "another issuer",
    "a logout token",
    "an access token",
    "nothing of the kind",
)


@pytest_asyncio.fixture
async def client(app: Application) -> TestClient:
    return await app.create_client(post_logout_redirect_uris=[AFTER])


async def forged(app: Application, tokens: dict[str, Any], how: str) -> str:
    """What looks like the ID token, and is none of ours."""
    hint = str(tokens["id_token"])
    header, claims = decoded(hint)
    first, second, third = hint.split(".")
    stranger = signing_key("RS256", "stranger")
    if how == "unsigned":
        return unsigned(claims, kid=header["kid"], typ="JWT")
    if how == "modified":
        return f"{first}.{encoded({**claims, 'auth_time': 1})}.{third}"
    if how == "cut":
        return f"{first}.{second}."
    if how == "another key":
        return stranger.sign(claims)
    if how == "another key of the same name":
        return SigningKey(stranger.key, header["kid"], "RS256").sign(claims)
    if how == "the key in the header":
        return SigningKey(stranger.key, header["kid"], "RS256").sign(claims, jwk=stranger.public)
    if how == "the public key as a secret":
        (key,) = [
            each
            for each in (await app.http.get("/jwks")).json()["keys"]
            if each["kid"] == header["kid"]
        ]
        ours = SigningKey(stranger.key, header["kid"], "HS256")
        return signed_with_the_public_key(ours, claims, json.dumps(key).encode())
    if how == "another issuer":
        said = {**claims, "iss": "https://other.example"}
        return await services_of(app).oauth.signing_keys.sign(said, algorithm="RS256")
    if how == "a logout token":
        said = {**claims, "events": {"http://schemas.openid.net/event/backchannel-logout": {}}}
        return await services_of(app).oauth.signing_keys.sign(
            said, algorithm="RS256", typ="logout+jwt"
        )
    if how == "an access token":
        return str(tokens["access_token"])
    return base64.urlsafe_b64encode(b"nothing").decode()


@pytest.mark.parametrize("names_its_client", [False, True], ids=["alone", "with client_id"])
@pytest.mark.parametrize("how", FORGERIES)
async def test_a_forged_hint_requires_confirmation_and_does_not_redirect(
    app: Application,
    visitor: Visitor,
    client: TestClient,
    user: TestUser,
    how: str,
    names_its_client: bool,
) -> None:
    """SECURITY_BAR rows 32 and 35; oidcc-rp-initiated-logout-bad-id-token-hint, -modified-…"""
    tokens = await visitor.tokens_for(client, user)
    further = {"client_id": client.client_id} if names_its_client else {}

    page = await visitor.get(
        "/logout",
        id_token_hint=await forged(app, tokens, how),
        post_logout_redirect_uri=AFTER,
        **further,
    )

    assert is_question(page)
    assert AFTER not in page.headers["content-security-policy"]
    assert await is_signed_in(visitor, client)
    done = await visitor.submit(page)
    assert says_signed_out(done)
    assert AFTER not in done.text
    assert not await is_signed_in(visitor, client)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_a_hint_is_accepted_with_every_signing_algorithm(
    app: Application, visitor: Visitor, user: TestUser, algorithm: str
) -> None:
    client = await app.create_client(
        post_logout_redirect_uris=[AFTER], id_token_signed_response_alg=algorithm
    )
    tokens = await visitor.tokens_for(client, user)
    assert decoded(tokens["id_token"])[0]["alg"] == algorithm

    answer = await visitor.get(
        "/logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER
    )

    assert answer.headers["location"] == AFTER


async def test_a_hint_is_accepted_after_a_key_rotation(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser
) -> None:
    """oidcc-server-rotate-keys, and a sign-out after it"""
    tokens = await visitor.tokens_for(client, user)
    await services_of(app).oauth.signing_keys.rotate(signs_after=timedelta(0), authority=FULL)

    answer = await visitor.get(
        "/logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER
    )

    assert answer.headers["location"] == AFTER


async def test_a_hint_with_a_pairwise_subject_is_accepted_in_a_later_session(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """OpenID Connect Core section 8.1"""
    client = await app.create_client(post_logout_redirect_uris=[AFTER], subject_type="pairwise")
    first = await visitor.tokens_for(client, user)
    await visitor.submit(await visitor.get("/logout"))
    second = await visitor.tokens_for(client, user)
    of_both = [decoded(tokens["id_token"])[1] for tokens in (first, second)]
    assert of_both[0]["sub"] == of_both[1]["sub"]
    assert of_both[0]["sid"] != of_both[1]["sid"]

    answer = await visitor.get(
        "/logout", id_token_hint=first["id_token"], post_logout_redirect_uri=AFTER
    )

    assert answer.headers["location"] == AFTER
    assert not await is_signed_in(visitor, client)
