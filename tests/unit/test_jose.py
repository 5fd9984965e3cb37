"""Signatures (RFC 7515) and the hashes in ID tokens, by the examples that the standards print."""

import pytest

from app.oauth.id_tokens import half_hash
from app.security import jose
from app.security.jose import SignatureError
from tests.support.client_jwts import SigningKey, signing_key

ALL = ("RS256", "PS256", "ES256", "EdDSA")
PRIVATE_MEMBERS = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
RFC_7515_A3_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
RFC_7515_A3 = (
    "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmN"
    "vbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQ"
    "xfKTUJqPP3-Kg6NU1Q"
)


def test_the_example_signature_of_rfc_7515_verifies() -> None:
    """RFC 7515 appendix A.3"""
    claims = jose.verify(RFC_7515_A3, [RFC_7515_A3_KEY], algorithms=ALL)

    assert claims == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}


def test_the_example_hashes_of_openid_connect_core_match() -> None:
    """OpenID Connect Core appendix A.3 and A.4"""
    access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"
    code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"

    assert half_hash(access_token, "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"
    assert half_hash(code, "RS256") == "LDktKdoQak3Pk0cnXxCltA"
    assert half_hash(code, "ES256") == half_hash(code, "RS256")
    assert len(half_hash(code, "EdDSA")) == 43  # 256 bits, half of what SHA-512 gives


@pytest.mark.parametrize("algorithm", jose.ALGORITHMS)
def test_the_public_part_of_a_new_key_verifies_its_signatures(algorithm: str) -> None:
    private = jose.new_private_jwk(algorithm, "a-kid")
    public = jose.public_part(private)
    key = jose.import_private_key(private)

    token = jose.sign({"sub": "x"}, key, algorithm=algorithm, kid="a-kid", typ="JWT")

    assert jose.header_of(token) == {"alg": algorithm, "kid": "a-kid", "typ": "JWT"}
    assert jose.verify(token, [public], algorithms=jose.ALGORITHMS) == {"sub": "x"}
    assert PRIVATE_MEMBERS & private.keys()
    assert not PRIVATE_MEMBERS & public.keys()
    assert (public["kid"], public["alg"], public["use"]) == ("a-kid", algorithm, "sig")


def test_a_new_rsa_key_has_2048_bits() -> None:
    """SECURITY_BAR, values to ship"""
    assert jose.import_key(jose.new_private_jwk("RS256", "a-kid")).raw_value.key_size == 2048


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_key_is_not_used_for_another_algorithm(algorithm: str) -> None:
    """SECURITY_BAR row 35; RFC 8725 section 3.1"""
    key = signing_key(algorithm)
    token = key.sign({"sub": "x"})
    others = [each for each in ALL if each != algorithm]

    assert jose.verify(token, [key.public], algorithms=[algorithm]) == {"sub": "x"}
    with pytest.raises(SignatureError, match="algorithm is not allowed"):
        jose.verify(token, [key.public], algorithms=others)
    with pytest.raises(SignatureError, match="no key"):
        jose.verify(token, [{**key.public, "alg": others[0]}], algorithms=ALL)
    with pytest.raises(SignatureError, match="no key"):
        jose.verify(token, [{**key.public, "use": "enc"}], algorithms=ALL)


@pytest.mark.parametrize("said", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("registered", ["EdDSA", "Ed25519", None])
def test_eddsa_and_ed25519_name_the_same_algorithm(said: str, registered: str | None) -> None:
    """RFC 9864: libraries of clients have begun to say the newer one"""
    key = signing_key("EdDSA")
    token = SigningKey(key.key, key.kid, said).sign({"sub": "x"})
    known = {**key.public, "alg": registered} if registered else key.public

    assert jose.verify(token, [known], algorithms=ALL) == {"sub": "x"}


def test_signatures_of_a_short_rsa_key_are_refused() -> None:
    """RFC 7518 section 3.3"""
    short = signing_key("RS256", "short", bits=1024)

    with pytest.raises(SignatureError):
        jose.verify(short.sign({"sub": "x"}), [short.public], algorithms=ALL)


def test_the_matching_key_is_found_among_other_and_malformed_keys() -> None:
    right, wrong = signing_key("ES256"), signing_key("ES256", "another")
    token = right.sign({"sub": "x"}, kid=None)
    broken = {"kty": "EC", "crv": "P-256", "x": "!", "y": "!"}

    keys = [wrong.public, broken, right.public]

    assert jose.verify(token, keys, algorithms=ALL) == {"sub": "x"}


def test_the_number_of_keys_used_from_a_long_key_set_is_limited() -> None:
    """Who publishes thousands of keys does not make us compute thousands of signatures"""
    right, wrong = signing_key("ES256"), signing_key("ES256", "another")
    token = right.sign({"sub": "x"}, kid=None)
    some, too_many = jose.MAXIMUM_TRIED - 1, jose.MAXIMUM_TRIED

    found = jose.verify(token, [*[wrong.public] * some, right.public], algorithms=ALL)

    assert found == {"sub": "x"}
    with pytest.raises(SignatureError):
        jose.verify(token, [*[wrong.public] * too_many, right.public], algorithms=ALL)


@pytest.mark.parametrize("claims", [[], "text", 1, None, [{"sub": "x"}]], ids=repr)
def test_claims_that_are_not_a_json_object_are_refused(claims: object) -> None:
    """RFC 7519 section 7.2"""
    key = signing_key("ES256")

    with pytest.raises(SignatureError):
        jose.verify(key.sign(claims), [key.public], algorithms=ALL)


def test_a_token_of_one_megabyte_is_refused() -> None:
    """SECURITY_BAR row 12"""
    key = signing_key("ES256")

    with pytest.raises(SignatureError, match="not a signed JWT"):
        jose.verify(key.sign({"sub": "x" * 1_000_000}), [key.public], algorithms=ALL)
