"""Request objects by value (RFC 9101, OpenID Connect Core section 6.1)."""

import json
from typing import Any

import pytest

from app.oauth.errors import InvalidRequestObjectError, RequestNotSupportedError
from app.oauth.request_objects import RequestObjects
from app.outbound.http import OutboundHttp
from tests.outbound.request_objects import ISSUER, KEY, a_client, objects_with, signed
from tests.support.client_jwts import (
    assertion_claims,
    jwks,
    signed_with_the_public_key,
    signing_key,
    unsigned,
)
from tests.support.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def objects(clock: FakeClock) -> RequestObjects:
    return objects_with(OutboundHttp(), clock)


async def test_the_claims_of_a_request_object_become_request_parameters(
    objects: RequestObjects,
) -> None:
    """OpenID Connect Core section 6.1: as they would stand in a query"""
    claims = {"id_token": {"email": {"essential": True}}}
    request = signed(
        response_type="code",
        redirect_uri="https://client.example/callback",
        max_age=300,
        claims=claims,
        state="ä b",
        nbf=1,
        iat=1,
        jti="x",
        sub="a person",
    )

    parameters = await objects.read(a_client(), request)

    assert json.loads(parameters.pop("claims")) == claims
    assert parameters == {
        "client_id": "a-client",
        "response_type": "code",
        "redirect_uri": "https://client.example/callback",
        "max_age": "300",
        "state": "ä b",
    }


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_each_advertised_algorithm_is_supported(
    objects: RequestObjects, algorithm: str
) -> None:
    key = signing_key(algorithm)
    client = a_client(jwks=jwks(key))

    assert await objects.read(client, key.sign({"state": "s"})) == {"state": "s"}


async def test_everything_but_the_signature_is_optional(objects: RequestObjects) -> None:
    """OpenID Connect Core section 6.1"""
    request = KEY.sign({"state": "s"}, kid=None, typ=None)

    assert await objects.read(a_client(), request) == {"state": "s"}


@pytest.mark.parametrize("typ", ["JWT", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt"])
async def test_a_typ_header_for_request_objects_is_accepted(
    objects: RequestObjects, typ: str
) -> None:
    """RFC 9101 section 10.8"""
    assert await objects.read(a_client(), KEY.sign({"state": "s"}, typ=typ)) == {"state": "s"}


async def test_an_unsigned_request_object_is_not_supported(objects: RequestObjects) -> None:
    """SECURITY_BAR row 35; OpenID Connect Core section 3.1.2.6"""
    with pytest.raises(RequestNotSupportedError):
        await objects.read(a_client(), unsigned({"client_id": "a-client", "state": "s"}))


@pytest.mark.parametrize("algorithm", ["None", "NONE", "", 7, ["none"], None])
async def test_an_algorithm_that_resembles_none_is_invalid(
    objects: RequestObjects, algorithm: Any
) -> None:
    """SECURITY_BAR row 35"""
    with pytest.raises(InvalidRequestObjectError):
        await objects.read(a_client(), unsigned({"state": "s"}, alg=algorithm))


async def test_a_public_key_cannot_be_used_as_an_hmac_secret(objects: RequestObjects) -> None:
    """SECURITY_BAR row 35"""
    key = signing_key("RS256")
    secret = json.dumps(key.public).encode()

    with pytest.raises(InvalidRequestObjectError):
        await objects.read(a_client(), signed_with_the_public_key(key, {"state": "s"}, secret))


async def test_a_key_that_the_client_did_not_register_is_refused(objects: RequestObjects) -> None:
    """SECURITY_BAR row 35"""
    stranger = signing_key(name="a stranger's")

    for request in (stranger.sign({"state": "s"}), stranger.sign({"state": "s"}, kid=KEY.kid)):
        with pytest.raises(InvalidRequestObjectError):
            await objects.read(a_client(), request)


async def test_a_client_without_keys_cannot_sign(objects: RequestObjects) -> None:
    with pytest.raises(InvalidRequestObjectError):
        await objects.read(a_client(jwks=None), signed())


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "at+jwt"},
        {"typ": "client-authentication+jwt"},
        {"typ": 7},
        {"jku": "https://attacker.example/"},
        {"jwk": KEY.public},
        {"x5u": "https://attacker.example/"},
        {"crit": ["exp"]},
        {"kid": "another"},
    ],
)
async def test_an_unexpected_header_is_refused(
    objects: RequestObjects, header: dict[str, Any]
) -> None:
    """SECURITY_BAR row 35"""
    with pytest.raises(InvalidRequestObjectError):
        await objects.read(a_client(), KEY.sign({"state": "s"}, **header))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "another-client"},
        {"iss": 7},
        {"client_id": "another-client"},
        {"client_id": ["a-client"]},
        {"aud": "https://other.example"},
        {"aud": [f"{ISSUER}/token"]},
        {"aud": []},
        {"aud": 7},
        {"sub": "a-client"},
        {"request": "x"},
        {"request_uri": "https://client.example/request"},
        {"state": "a\x00b"},
        {"state": "a\nb"},
        {"state": "\ud800"},
        {"max_age": float("nan")},
        {"claims": {"a": {"b": {"c": [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}}}},
    ],
)
async def test_forbidden_or_mismatched_claims_are_refused(
    objects: RequestObjects, claims: dict[str, Any]
) -> None:
    """RFC 9101 sections 4 and 10.8; SECURITY_BAR row 44"""
    with pytest.raises(InvalidRequestObjectError):
        await objects.read(a_client(), signed(**claims))


async def test_additional_audiences_are_allowed(objects: RequestObjects) -> None:
    request = signed(aud=["https://other.example", ISSUER])

    assert (await objects.read(a_client(), request))["state"] == "s"


async def test_a_request_object_is_valid_only_between_nbf_and_exp(
    objects: RequestObjects, clock: FakeClock
) -> None:
    """SECURITY_BAR row 35: expired, future `nbf`"""
    now = int(clock.now().timestamp())
    request = signed(nbf=now + 20, exp=now + 60)

    with pytest.raises(InvalidRequestObjectError):
        await objects.read(a_client(), request)
    clock.advance(seconds=10)
    assert (await objects.read(a_client(), request))["state"] == "s"
    clock.advance(seconds=60)
    with pytest.raises(InvalidRequestObjectError):
        await objects.read(a_client(), request)


async def test_a_request_object_from_the_future_is_refused_even_without_an_expiry(
    objects: RequestObjects, clock: FakeClock
) -> None:
    """SECURITY_BAR row 35"""
    for name in ("nbf", "iat"):
        with pytest.raises(InvalidRequestObjectError):
            await objects.read(a_client(), signed(**{name: clock.now().timestamp() + 11}))


@pytest.mark.parametrize("name", ["nbf", "iat"])
async def test_a_request_object_may_be_ten_seconds_ahead(
    objects: RequestObjects, clock: FakeClock, name: str
) -> None:
    """FAPI 2.0 section 5.3.2.1: `iat` and `nbf` up to 10 seconds ahead are accepted"""
    request = signed(**{name: clock.now().timestamp() + 10})

    assert (await objects.read(a_client(), request))["state"] == "s"


async def test_a_request_object_may_be_valid_for_a_year(
    objects: RequestObjects, clock: FakeClock
) -> None:
    """A request object that waits at a request_uri is made once."""
    request = signed(exp=clock.now().timestamp() + 86_400 * 365)

    assert (await objects.read(a_client(), request))["state"] == "s"


@pytest.mark.parametrize("value", ["tomorrow", True, [], 1e400, 10**300])
@pytest.mark.parametrize("name", ["exp", "nbf", "iat"])
async def test_an_invalid_timestamp_is_refused(
    objects: RequestObjects, name: str, value: Any
) -> None:
    with pytest.raises(InvalidRequestObjectError):
        await objects.read(a_client(), signed(**{name: value}))


async def test_only_the_registered_algorithm_is_accepted(objects: RequestObjects) -> None:
    """OpenID Connect Registration section 2: `request_object_signing_alg`"""
    client = a_client(request_object_signing_alg="RS256")

    assert await objects.read(client, signing_key("RS256").sign({"state": "s"})) == {"state": "s"}
    with pytest.raises(InvalidRequestObjectError):
        await objects.read(client, signed())


async def test_a_client_assertion_is_not_accepted_as_a_request_object(
    objects: RequestObjects, clock: FakeClock
) -> None:
    """RFC 9101 section 10.8: one kind of JWT in the place of another"""
    assertion = KEY.sign(assertion_claims("a-client", ISSUER, clock.now()))

    with pytest.raises(InvalidRequestObjectError):
        await objects.read(a_client(), assertion)


@pytest.mark.parametrize("request_object", ["", "x", "a.b.c", "a.b.c.d.e", "ä.ö.ü", "e30.e30."])
async def test_a_malformed_jwt_is_invalid(objects: RequestObjects, request_object: str) -> None:
    with pytest.raises(InvalidRequestObjectError):
        await objects.read(a_client(), request_object)


@pytest.mark.parametrize("claims", ["[" * 10_000, '{"x":' * 10_000 + "1" + "}" * 10_000, [], "x"])
async def test_claims_that_are_not_a_shallow_json_object_are_invalid(
    objects: RequestObjects, claims: Any
) -> None:
    """SECURITY_BAR row 44"""
    with pytest.raises(InvalidRequestObjectError):
        await objects.read(a_client(), KEY.sign(claims))


async def test_unknown_claims_are_ignored(objects: RequestObjects) -> None:
    """RFC 9101 section 4: unknown parameters, whatever they hold"""
    signed = KEY.sign({"state": "s", "a\x00b": "c", "display": "a\nb"})

    assert await objects.read(a_client(), signed) == {"state": "s"}
