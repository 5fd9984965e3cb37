"""Introspection (RFC 7662) and its short cache."""

from typing import Any

import pytest
from kit_issuer import ISSUER, RESOURCE, START, FakeIssuer

from postern_kit import IntrospectionVerifier, Refusal
from postern_kit.issuers import IssuerError


class Ticks:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def verifier(issuer: FakeIssuer, ticks: Ticks) -> IntrospectionVerifier:
    issuer.introspection = {"active": True, **issuer.claims()}
    return IntrospectionVerifier(
        issuer=ISSUER, audience=RESOURCE, client_id="a b", client_secret="s:ö",
        http=issuer.http, now=issuer.now, monotonic=ticks,
    )  # fmt: skip


async def test_an_active_token_is_cached_for_ten_seconds(
    issuer: FakeIssuer, verifier: IntrospectionVerifier, ticks: Ticks
) -> None:
    await verifier.verify("one")
    ticks.seconds = 9
    await verifier.verify("one")
    assert issuer.count("/introspect") == 1
    ticks.seconds = 10
    issuer.introspection = {"active": False}

    with pytest.raises(Refusal, match="not active"):
        await verifier.verify("one")


async def test_each_token_is_asked_for_with_the_encoded_credentials(
    issuer: FakeIssuer, verifier: IntrospectionVerifier
) -> None:
    """RFC 6749 section 2.3.1: both parts are form-encoded before Basic."""
    await verifier.verify("one")
    await verifier.verify("two")

    request = issuer.requests[-1]
    assert issuer.count("/introspect") == 2
    assert b"token=two" in request.content
    assert request.headers["authorization"] == "Basic YStiOnMlM0ElQzMlQjY="


async def test_a_cached_token_that_has_expired_is_refused(
    issuer: FakeIssuer, verifier: IntrospectionVerifier
) -> None:
    await verifier.verify("one")
    issuer.time = START + 600

    with pytest.raises(Refusal, match="expired"):
        await verifier.verify("one")


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"active": "true"},
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": "https://other.example"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 10**400},
        {"sub": None},
    ],
)
async def test_what_is_not_active_or_for_another_resource_is_refused_and_not_cached(
    issuer: FakeIssuer, verifier: IntrospectionVerifier, changes: dict[str, Any]
) -> None:
    good = issuer.introspection
    issuer.introspection = {**good, **changes}
    with pytest.raises(Refusal) as refused:
        await verifier.verify("one")
    issuer.introspection = good

    assert refused.value.error == "invalid_token"
    assert (await verifier.verify("one")).subject == "user-1"


async def test_an_issuer_that_is_down_does_not_make_a_token_invalid(
    issuer: FakeIssuer, verifier: IntrospectionVerifier
) -> None:
    await verifier.verify("one")
    issuer.is_down = True

    assert (await verifier.verify("one")).subject == "user-1"
    with pytest.raises(IssuerError):
        await verifier.verify("two")
