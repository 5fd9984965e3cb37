"""What an ID token says (OpenID Connect Core section 2), below HTTP where no flow shows it."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from app.models.accounts.users import User
from app.oauth.id_tokens import Authentication, half_hash
from app.services.accounts.sessions import ACR_MFA, ACR_PASSWORD
from app.services.operations.authority import FULL
from app.wiring import Services
from tests.support.application import Application, TestClient, TestUser
from tests.support.clients import client_with
from tests.support.jwt import claims_of, header_of, verified
from tests.support.visitor import Visitor

ALGORITHMS = ["RS256", "ES256", "EdDSA"]
ALWAYS = {"iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr"}
CLIENT = client_with("a-client")


@pytest_asyncio.fixture
async def person(operator: Services, user: TestUser) -> User:
    return await operator.accounts.users.get(user.username)


def signed_in(operator: Services, *, session_id: str | None = "a-session") -> Authentication:
    """A minute ago."""
    auth_time = operator.core.clock.now() - timedelta(seconds=60)
    return Authentication(auth_time, ACR_MFA, "pwd otp mfa", session_id)


async def test_an_id_token_has_exactly_the_required_claims(
    app: Application, operator: Services, person: User
) -> None:
    """Section 2; one audience needs no azp"""
    now = int(app.clock.now().timestamp())

    token = await operator.oauth.id_tokens.issue(
        CLIENT, person, authentication=signed_in(operator, session_id=None)
    )

    assert await verified(app, token) == {
        "iss": app.settings.issuer_url,
        "sub": person.user_id,
        "aud": "a-client",
        "iat": now,
        "exp": now + 3600,
        "auth_time": now - 60,
        "acr": ACR_MFA,
        "amr": ["pwd", "otp", "mfa"],
    }
    assert set(header_of(token)) == {"alg", "kid", "typ"}


async def test_optional_values_are_included_as_claims_and_hashes(
    app: Application, operator: Services, person: User
) -> None:
    """Sections 2 and 3.1.3.6, Session's sid"""
    token = await operator.oauth.id_tokens.issue(
        CLIENT,
        person,
        authentication=signed_in(operator),
        nonce="a-nonce",
        access_token="an-access-token",
        claims={"name": "A Person"},
    )

    claims = await claims_of(app, token, audience="a-client")
    assert set(claims) == ALWAYS | {"sid", "nonce", "at_hash", "name"}
    assert claims["sid"] == "a-session"
    assert claims["nonce"] == "a-nonce"
    assert claims["at_hash"] == half_hash("an-access-token", "RS256")
    assert claims["name"] == "A Person"


async def test_user_claims_cannot_override_protocol_claims(
    app: Application, operator: Services, person: User
) -> None:
    wrong = dict.fromkeys(ALWAYS | {"sid", "nonce", "at_hash"}, "wrong")

    token = await operator.oauth.id_tokens.issue(
        CLIENT,
        person,
        authentication=signed_in(operator),
        nonce="a-nonce",
        access_token="an-access-token",
        claims=wrong,
    )

    assert "wrong" not in (await verified(app, token)).values()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_client_chooses_the_algorithm_of_its_id_tokens_and_logout_tokens(
    app: Application, operator: Services, person: User, algorithm: str
) -> None:
    """Registration section 2; Back-Channel Logout section 2.4"""
    client = client_with("a-client", id_token_signed_response_alg=algorithm)

    tokens = [
        await operator.oauth.id_tokens.issue(client, person, authentication=signed_in(operator)),
        await operator.oauth.id_tokens.logout_token(client, person, "a-session"),
    ]

    assert [header_of(token)["alg"] for token in tokens] == [algorithm] * 2
    assert [header_of(token)["typ"] for token in tokens] == ["JWT", "logout+jwt"]
    for token in tokens:
        await claims_of(app, token, audience="a-client")


async def test_only_clients_of_the_same_sector_share_a_subject(
    app: Application, operator: Services, person: User
) -> None:
    """Section 8.1"""
    sectors = [None, "one.example", "one.example", "two.example"]

    subjects = [
        (await verified(app, token))["sub"]
        for token in await asyncio.gather(
            *(
                operator.oauth.id_tokens.issue(
                    client_with(f"client-{at}")._replace(sector_identifier=sector),
                    person,
                    authentication=signed_in(operator),
                )
                for at, sector in enumerate(sectors)
            )
        )
    ]

    assert subjects[0] == person.user_id
    assert subjects[1] == subjects[2]
    assert len(set(subjects)) == 3


async def test_an_id_token_has_the_configured_lifetime(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    claims = await claims_of(
        app, (await visitor.tokens_for(client, user))["id_token"], audience=client.client_id
    )

    assert claims["exp"] - claims["iat"] == app.settings.id_token_ttl == 3600


async def test_the_acr_may_be_weaker_than_that_of_the_session(
    app: Application, operator: Services, person: User
) -> None:
    authentication = replace(signed_in(operator), acr=ACR_PASSWORD)

    token = await operator.oauth.id_tokens.issue(CLIENT, person, authentication=authentication)

    assert (await verified(app, token))["acr"] == ACR_PASSWORD


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_hint_is_accepted_long_after_it_expired(
    app: Application, operator: Services, person: User, algorithm: str
) -> None:
    """Section 3.1.2.1, RP-Initiated Logout section 2: also when its key is published no more"""
    client = client_with("a-client", id_token_signed_response_alg=algorithm)
    token = await operator.oauth.id_tokens.issue(client, person, authentication=signed_in(operator))
    await operator.oauth.signing_keys.rotate(algorithm, signs_after=timedelta(0), authority=FULL)
    app.clock.advance(seconds=100 * 86_400)

    hint = await operator.oauth.id_tokens.read_hint(token)

    published = (await app.http.get("/jwks")).json()["keys"]
    assert header_of(token)["kid"] not in [key["kid"] for key in published]
    assert hint is not None
    assert (hint.sub, hint.aud, hint.sid) == (person.user_id, "a-client", "a-session")


async def test_a_hint_without_a_session_is_accepted(operator: Services, person: User) -> None:
    authentication = signed_in(operator, session_id=None)
    token = await operator.oauth.id_tokens.issue(CLIENT, person, authentication=authentication)

    hint = await operator.oauth.id_tokens.read_hint(token)

    assert hint is not None
    assert hint.sid is None


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": ["a-client", "another"]},
        {"aud": None},
        {"sub": 7},
        {"sub": None},
        {"auth_time": None},
        {"events": {}},
    ],
    ids=json.dumps,
)
async def test_a_token_signed_for_another_purpose_is_not_accepted_as_a_hint(
    operator: Services, changed: dict[str, Any]
) -> None:
    """SECURITY_BAR row 35: wrong iss, aud or kind, with a right signature"""
    right = {
        "iss": operator.core.settings.issuer_url,
        "sub": "x",
        "aud": "a-client",
        "auth_time": 1,
    }
    wrong = {name: value for name, value in {**right, **changed}.items() if value is not None}
    sign = operator.oauth.signing_keys.sign

    assert (
        await operator.oauth.id_tokens.read_hint(await sign(right, algorithm="ES256")) is not None
    )
    assert await operator.oauth.id_tokens.read_hint(await sign(wrong, algorithm="ES256")) is None


async def test_every_logout_token_has_a_unique_jti(
    app: Application, operator: Services, person: User
) -> None:
    """Back-Channel Logout section 2.4: jti; a nonce is forbidden"""
    tokens = [
        await operator.oauth.id_tokens.logout_token(CLIENT, person, "a-session") for _ in range(2)
    ]

    claims = [await claims_of(app, token, audience="a-client") for token in tokens]

    assert claims[0]["jti"] != claims[1]["jti"]
    assert not {"nonce", "auth_time"} & claims[0].keys()
    assert claims[0]["exp"] - claims[0]["iat"] == 120
