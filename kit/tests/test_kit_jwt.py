"""JWT access tokens: what is accepted, and each way to be refused (RFC 9068 section 4)."""

import asyncio
import base64
import json
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from kit_issuer import ISSUER, RESOURCE, FakeIssuer, signed

from postern_kit import JwtVerifier, Refusal
from postern_kit.issuers import IssuerError


@pytest.fixture
def verifier(issuer: FakeIssuer) -> JwtVerifier:
    return JwtVerifier(issuer=ISSUER, audience=RESOURCE, http=issuer.http, now=issuer.now)


async def test_a_valid_token_is_accepted_with_its_claims(
    issuer: FakeIssuer, verifier: JwtVerifier
) -> None:
    token = await verifier.verify(issuer.token(aud=["https://other.example", RESOURCE]))

    assert (token.subject, token.client_id, token.scopes) == ("user-1", "client-1", {"read"})
    assert not token.is_bound


@pytest.mark.parametrize(
    "key", [OKPKey.generate_key("Ed25519", {"kid": "k2"}), RSAKey.generate_key(2048, {"kid": "k2"})]
)
async def test_other_algorithms_are_accepted(
    issuer: FakeIssuer, verifier: JwtVerifier, key: Any
) -> None:
    issuer.keys["k2"] = key

    assert (await verifier.verify(issuer.token(kid="k2"))).subject == "user-1"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"iss": "https://login.example/t/"}, "iss"),
        ({"aud": f"{RESOURCE}/"}, "aud"),
        ({"aud": ["https://other.example"]}, "aud"),
        ({"aud": None}, "missing"),
        ({"exp": None}, "missing"),
        ({"sub": None}, "missing"),
        ({"client_id": None}, "missing"),
        ({"exp": 1_800_000_000}, "expired"),
        ({"exp": "1900000000"}, "expired"),
        ({"exp": True}, "expired"),
        ({"exp": float("nan")}, "expired"),
        ({"exp": 10**400}, "expired"),
        ({"iat": float("nan")}, "iat"),
        ({"iat": 1_800_000_031}, "iat"),
        ({"nbf": 1_800_000_031}, "nbf"),
        ({"typ": "JWT"}, "typ"),
        ({"typ": None}, "typ"),
    ],
)
async def test_a_wrong_claim_or_type_is_refused(
    issuer: FakeIssuer, verifier: JwtVerifier, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refusal, match=reason) as refused:
        await verifier.verify(issuer.token(**changes))

    assert (refused.value.status, refused.value.error) == (401, "invalid_token")


async def test_forged_tokens_are_refused(issuer: FakeIssuer, verifier: JwtVerifier) -> None:
    """RFC 8725: the key and the algorithm are the issuer's, never the token's choice."""
    good = issuer.token()
    header, payload, signature = good.split(".")
    stranger = ECKey.generate_key("P-256")
    public = json.dumps(issuer.keys["k1"].as_dict(private=False)).encode()
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt","kid":"k1"}').rstrip(b"=")
    forged = [
        signed({"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, issuer.claims(), stranger),
        signed(
            {"alg": "HS256", "typ": "at+jwt", "kid": "k1"},
            issuer.claims(),
            OctKey.import_key(public),
        ),
        signed({"alg": "ES256", "typ": "at+jwt"}, issuer.claims(), issuer.keys["k1"]),
        signed({"alg": "ES256", "typ": "at+jwt", "kid": "k9"}, issuer.claims(), stranger),
        f"{none.decode()}.{payload}.",
        f"{header}.{payload[:-2]}xx.{signature}",
        f"{header}.{payload}",
        "opaque",
        "",
        "ö.ö.ö",
        "a" * 20_000,
    ]

    for token in forged:
        with pytest.raises(Refusal) as refused:
            await verifier.verify(token)
        assert refused.value.error == "invalid_token"


async def test_the_keys_are_fetched_once_for_many_tokens(
    issuer: FakeIssuer, verifier: JwtVerifier
) -> None:
    await asyncio.gather(*(verifier.verify(issuer.token()) for _ in range(20)))

    assert issuer.count("/jwks") == 1


class Ticks:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch, verifier: JwtVerifier) -> Ticks:
    ticks = Ticks()
    monkeypatch.setattr(verifier._keys, "_monotonic", ticks)
    return ticks


async def test_a_rotated_key_is_fetched_when_a_token_has_it(
    issuer: FakeIssuer, verifier: JwtVerifier, ticks: Ticks
) -> None:
    await verifier.verify(issuer.token())
    issuer.keys["k2"] = ECKey.generate_key("P-256", {"kid": "k2"})
    ticks.seconds = 11

    await verifier.verify(issuer.token(kid="k2"))

    assert issuer.count("/jwks") == 2


async def test_made_up_key_ids_cause_one_request_in_ten_seconds(
    issuer: FakeIssuer, verifier: JwtVerifier, ticks: Ticks
) -> None:
    await verifier.verify(issuer.token())
    stranger = ECKey.generate_key("P-256")
    ticks.seconds = 11

    for number in range(50):
        header = {"alg": "ES256", "typ": "at+jwt", "kid": f"made-up-{number}"}
        with pytest.raises(Refusal):
            await verifier.verify(signed(header, issuer.claims(), stranger))

    assert issuer.count("/jwks") == 2


async def test_a_withdrawn_key_is_refused_when_the_cache_has_expired(
    issuer: FakeIssuer, verifier: JwtVerifier, ticks: Ticks
) -> None:
    token = issuer.token()
    await verifier.verify(token)
    issuer.keys = {"k2": ECKey.generate_key("P-256", {"kid": "k2"})}
    ticks.seconds = 599
    await verifier.verify(token)
    ticks.seconds = 601

    with pytest.raises(Refusal, match="unknown"):
        await verifier.verify(token)


async def test_known_keys_stay_valid_while_the_issuer_is_down(
    issuer: FakeIssuer, verifier: JwtVerifier, ticks: Ticks
) -> None:
    token = issuer.token()
    await verifier.verify(token)
    issuer.is_down = True
    ticks.seconds = 601

    assert (await verifier.verify(token)).subject == "user-1"


async def test_without_any_keys_the_issuer_is_to_blame_not_the_token(
    issuer: FakeIssuer, verifier: JwtVerifier
) -> None:
    issuer.is_down = True

    for _ in range(3):  # also while the next attempt has to wait
        with pytest.raises(IssuerError):
            await verifier.verify(issuer.token())
    assert len(issuer.requests) == 1


async def test_metadata_of_another_issuer_is_refused(
    issuer: FakeIssuer, verifier: JwtVerifier
) -> None:
    """RFC 8414 section 3.3"""
    issuer.metadata["issuer"] = f"{ISSUER}/"

    with pytest.raises(IssuerError, match="has the issuer"):
        await verifier.verify(issuer.token())


def test_an_algorithm_with_a_shared_secret_cannot_be_configured() -> None:
    with pytest.raises(ValueError, match="algorithms"):
        JwtVerifier(issuer=ISSUER, audience=RESOURCE, algorithms=["HS256"])
