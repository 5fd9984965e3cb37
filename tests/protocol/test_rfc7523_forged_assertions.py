"""Client assertions with the tricks of RFC 8725: each is refused, whoever made it."""

import json
from typing import Any

import pytest
import pytest_asyncio
from joserfc.jwk import RSAKey

from tests.protocol.assertions_of_clients import SigningClient, signing_client
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import (
    encoded,
    jwks,
    signed_with_the_public_key,
    signing_key,
    unsigned,
)


@pytest_asyncio.fixture
async def signer(app: Application) -> SigningClient:
    return await signing_client(app)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
async def test_an_unsigned_assertion_is_refused(signer: SigningClient, algorithm: str) -> None:
    """SECURITY_BAR row 35: alg=none"""
    bare = unsigned(signer.claims(), alg=algorithm)
    with_a_signature = signer.key.sign(signer.claims(), alg=algorithm)

    for assertion in (bare, with_a_signature):
        assert_oauth_error(await signer.token(assertion), "invalid_client", status=401)


@pytest.mark.parametrize("form", ["pem", "der", "jwk", "modulus"])
async def test_an_assertion_signed_with_the_public_key_as_a_secret_is_refused(
    app: Application, form: str
) -> None:
    """SECURITY_BAR row 35: HS256 signed with the public key"""
    key = signing_key("RS256")
    signer = await signing_client(app, key)
    public: RSAKey = key.key
    secret = {
        "pem": public.as_pem(private=False),
        "der": public.as_der(private=False),
        "jwk": json.dumps(key.public).encode(),
        "modulus": str(key.public["n"]).encode(),
    }[form]

    answer = await signer.token(signed_with_the_public_key(key, signer.claims(), secret))

    assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize("algorithm", ["RS384", "ES384", "ES256K", "HS256", "EdDSA", "", "es256"])
async def test_an_algorithm_that_does_not_match_the_key_is_refused(
    signer: SigningClient, algorithm: str
) -> None:
    """SECURITY_BAR row 35; RFC 8725 section 3.1"""
    answer = await signer.token(signer.key.sign(signer.claims(), alg=algorithm))

    assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize("algorithm", [None, 7, ["ES256"], {"a": "ES256"}, True])
async def test_an_algorithm_that_is_not_a_string_is_refused(
    signer: SigningClient, algorithm: Any
) -> None:
    """SECURITY_BAR row 35"""
    answer = await signer.token(signer.key.sign(signer.claims(), alg=algorithm))

    assert_oauth_error(answer, "invalid_client", status=401)


async def test_keys_of_unsupported_curves_are_refused(app: Application) -> None:
    """SECURITY_BAR row 35: only the documented algorithms"""
    signer = await signing_client(app, signing_key("ES384"))

    as_it_is = await signer.token()
    as_another = await signer.token(signer.key.sign(signer.claims(), alg="ES256"))

    assert_oauth_error(as_it_is, "invalid_client", status=401)
    assert_oauth_error(as_another, "invalid_client", status=401)


async def test_a_short_rsa_key_is_refused(app: Application) -> None:
    """SECURITY_BAR row 35; RFC 7518 section 3.3"""
    signer = await signing_client(app, signing_key("RS256", "short", bits=1024))

    assert_oauth_error(await signer.token(), "invalid_client", status=401)


@pytest.mark.parametrize("kid", ["another", "", 7, ["ES256-one"], "../../etc/passwd", "' or 1=1"])
async def test_a_wrong_kid_is_refused_even_if_the_key_is_right(
    signer: SigningClient, kid: Any
) -> None:
    """SECURITY_BAR row 35: other `kid`"""
    answer = await signer.token(signer.key.sign(signer.claims(), kid=kid))

    assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize(
    "header",
    [
        {"jku": "https://attacker.example/jwks"},
        {"x5u": "https://attacker.example/certificate"},
        {"x5c": ["MIIB"]},
        {"jwk": signing_key(name="an attacker's").public},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"b64": False, "crit": ["b64"]},
        {"b64": True},
    ],
)
async def test_a_header_with_key_references_or_critical_extensions_is_refused(
    signer: SigningClient, header: dict[str, Any]
) -> None:
    """SECURITY_BAR row 35: `jku`, `x5u`, `jwk`; also where the client itself signed"""
    attacker = signing_key(name="an attacker's")

    answers = [
        await signer.token(signer.key.sign(signer.claims(), **header)),
        await signer.token(attacker.sign(signer.claims(), **header)),
    ]

    for answer in answers:
        assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize(
    "typ", ["at+jwt", "oauth-authz-req+jwt", "dpop+jwt", "logout+jwt", "JOSE", "", 7, ["JWT"]]
)
async def test_a_token_of_another_type_is_refused(signer: SigningClient, typ: Any) -> None:
    """SECURITY_BAR row 35: wrong `typ`; RFC 8725 section 3.11"""
    answer = await signer.token(signer.key.sign(signer.claims(), typ=typ))

    assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize("changes", [{"use": "enc"}, {"alg": "PS256"}, {"key_ops": ["sign"]}])
async def test_a_key_registered_for_another_use_is_refused(
    app: Application, changes: dict[str, Any]
) -> None:
    """RFC 7517 section 4"""
    key = signing_key("RS256")
    signer = await signing_client(app, key, jwks={"keys": [{**key.public, **changes}]})

    assert_oauth_error(await signer.token(), "invalid_client", status=401)


async def test_a_signature_that_does_not_match_the_content_is_refused(
    signer: SigningClient,
) -> None:
    """SECURITY_BAR row 35"""
    good = signer.assertion()
    header, payload, signature = good.split(".")
    other = encoded(signer.claims(jti="another"))

    for assertion in (
        f"{header}.{other}.{signature}",
        f"{header}.{payload}.",
        f"{header}.{payload}.{signature[:-4]}",
        f"{header}.{payload}.{signature}AAAA",
        f"{header}.{payload}.{'A' * len(signature)}",  # r = s = 0, CVE-2022-21449
        f"{encoded({'alg': 'ES256', 'kid': signer.key.kid})}.{payload}.{signature}",
    ):
        assert_oauth_error(await signer.token(assertion), "invalid_client", status=401)


@pytest.mark.parametrize(
    "assertion",
    [
        "x",
        ".",
        "..",
        "...",
        "a.b.c",
        "a.b.c.d.e",
        "e30.e30.e30",
        "bnVsbA.bnVsbA.",
        f"{encoded([])}.{encoded({})}.x",
        f"{encoded({'alg': 'ES256'})}.{encoded([])}.x",
        f"{encoded({'alg': 'ES256'})}.{encoded('not json')}.x",
        f"{encoded({'alg': 'ES256'})}.{encoded('[' * 20_000)}.x",
        f"{encoded('[' * 20_000)}.{encoded({})}.x",
        "ä.ö.ü",
        "\ufeff..",
        "a" * 60_000,
    ],
)
async def test_a_malformed_jwt_is_refused(signer: SigningClient, assertion: str) -> None:
    """SECURITY_BAR rows 35 and 44"""
    answer = await signer.token(assertion)

    assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize(
    "claims", [[], "text", 7, None, '{"sub": "x"', '{"exp": ' + "9" * 5000 + "}"]
)
async def test_signed_claims_that_are_not_an_object_are_refused(
    signer: SigningClient, claims: Any
) -> None:
    """SECURITY_BAR row 44"""
    answer = await signer.token(signer.key.sign(claims))

    assert_oauth_error(answer, "invalid_client", status=401)


async def test_signed_claims_that_are_too_deeply_nested_are_refused(
    signer: SigningClient,
) -> None:
    """SECURITY_BAR row 44"""
    said = json.dumps(signer.claims())[:-1]

    answer = await signer.token(signer.key.sign(f'{said}, "x": {"[" * 10_000}{"]" * 10_000}}}'))

    assert_oauth_error(answer, "invalid_client", status=401)


@pytest.mark.parametrize(
    "broken",
    [
        {"kty": "EC", "crv": "P-256"},
        {"kty": "EC", "crv": "P-256", "x": 7, "y": []},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        {"kty": "EC", "crv": "P-256", "x": "!!", "y": "ä"},
        {"kty": "EC", "crv": ["P-256"], "x": "AA", "y": "AA"},
        {"kty": ["EC"]},
        {"kty": 7},
        {"kty": "EC", "crv": "P-256", "alg": ["ES256"]},
        {},
    ],
)
async def test_a_malformed_key_does_not_prevent_the_use_of_a_valid_one(
    app: Application, broken: dict[str, Any]
) -> None:
    """SECURITY_BAR row 44"""
    key = signing_key()
    signer = await signing_client(app, key, jwks={"keys": [broken, key.public]})

    assert (await signer.token()).status_code == 200


@pytest.mark.parametrize(
    "broken",
    [
        {"n": "AQAB", "e": "AQAB"},
        {"n": "", "e": ""},
        {"n": 7, "e": 7},
        {"n": None, "e": {}},
        {"n": "A" * 342, "e": "AQAB"},
        {"n": "_" * 342, "e": "AQ"},
        {"n": "_" * 342, "e": "AA"},
        {"n": "_" * 342, "e": "_" * 342},
        {"n": "_" * 40_000, "e": "AQAB"},
    ],
)
async def test_a_malformed_rsa_key_is_an_invalid_client(
    app: Application, broken: dict[str, Any]
) -> None:
    """SECURITY_BAR row 44"""
    key = signing_key("RS256")
    signer = await signing_client(app, key, jwks={"keys": [{**key.public, **broken}]})

    assert_oauth_error(await signer.token(), "invalid_client", status=401)


async def test_only_a_limited_number_of_keys_without_a_kid_is_checked(app: Application) -> None:
    """A key set is no way to keep the server busy."""
    decoys = [signing_key(name=f"decoy {number}").public for number in range(10)]
    for decoy in decoys:
        del decoy["kid"]
    key = signing_key()
    signer = await signing_client(app, key, jwks={"keys": [*decoys, key.public]})
    named = await signing_client(app, key, jwks=jwks(*map(_decoy, range(10)), key))

    assert_oauth_error(await signer.token(), "invalid_client", status=401)
    assert (await named.token()).status_code == 200


def _decoy(number: int) -> Any:
    return signing_key(name=f"decoy {number}")
