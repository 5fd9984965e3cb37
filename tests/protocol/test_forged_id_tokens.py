"""ID tokens that are none, and tokens in the place of other tokens (RFC 8725, RFC 9068)."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.security import jose
from app.security.jose import SignatureError
from app.wiring import Services
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import SigningKey as Key
from tests.support.client_jwts import encoded, signing_key, unsigned
from tests.support.jwt import header_of, verified
from tests.support.visitor import Visitor, answer_in

Forge = Callable[[dict[str, Any], dict[str, Any]], str]
"""Makes a token of the claims of a right one, and the published key that signed that."""


def _unsigned(claims: dict[str, Any], key: dict[str, Any]) -> str:
    return unsigned(claims, kid=key["kid"])


def _unsigned_in_capitals(claims: dict[str, Any], key: dict[str, Any]) -> str:
    return f"{encoded({'alg': 'NONE', 'kid': key['kid']})}.{encoded(claims)}."


def _without_an_algorithm(claims: dict[str, Any], key: dict[str, Any]) -> str:
    return strangers_key(key).sign(claims, alg=None)


def _by_the_public_key(form: Callable[[dict[str, Any]], bytes]) -> Forge:
    def forge(claims: dict[str, Any], key: dict[str, Any]) -> str:
        from hmac import digest

        signed = f"{encoded({'alg': 'HS256', 'kid': key['kid']})}.{encoded(claims)}"
        raw = digest(form(key), signed.encode(), "sha256")
        return f"{signed}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"

    return forge


def _as_json(key: dict[str, Any]) -> bytes:
    return json.dumps(key).encode()


def _as_pem(key: dict[str, Any]) -> bytes:
    n, e = (int.from_bytes(base64.urlsafe_b64decode(key[name] + "==")) for name in ("n", "e"))
    public = RSAPublicNumbers(e, n).public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _of_a_stranger(**header: Any) -> Forge:
    """Signed well, by somebody else."""

    def forge(claims: dict[str, Any], key: dict[str, Any]) -> str:
        made = {"kid": key["kid"], **header}
        return strangers_key(key).sign(claims, **made)

    return forge


def _with_his_own_key(claims: dict[str, Any], key: dict[str, Any]) -> str:
    stranger = strangers_key(key)
    return stranger.sign(claims, kid=stranger.kid, jwk=stranger.public)


def strangers_key(key: dict[str, Any]) -> Key:
    return signing_key(key["alg"], "a stranger's")


FORGERIES: dict[str, Forge] = {
    "unsigned": _unsigned,
    "unsigned in capitals": _unsigned_in_capitals,
    "no algorithm": _without_an_algorithm,
    "HS256 with the JWK": _by_the_public_key(_as_json),
    "HS256 with the PEM": _by_the_public_key(_as_pem),
    "HS256 with nothing": _by_the_public_key(lambda _: b""),
    "our kid": _of_a_stranger(),
    "unknown kid": _of_a_stranger(kid="no-such-key"),
    "no kid": _of_a_stranger(kid=None),
    "a kid that is no text": _of_a_stranger(kid=["x"]),
    "a kid that is a path": _of_a_stranger(kid="../../dev/null"),
    "jku": _of_a_stranger(jku="https://evil.example/jwks"),
    "x5u": _of_a_stranger(x5u="https://evil.example/chain.pem"),
    "x5c": _of_a_stranger(x5c=["MIIB"]),
    "jwk": _with_his_own_key,
    "crit": _of_a_stranger(crit=["exp"]),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forged_id_token_hint_is_refused(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, forgery: str
) -> None:
    """SECURITY_BAR row 35"""
    token = (await visitor.tokens_for(client, user))["id_token"]
    claims, key = await verified(app, token), await key_of(app, token)

    hint = FORGERIES[forgery](claims, key)

    answer = answer_in(await visitor.authorize(client, prompt="none", id_token_hint=hint))
    assert answer["error"] == "invalid_request"


async def key_of(app: Application, token: str) -> dict[str, Any]:
    keys = (await app.http.get("/jwks")).json()["keys"]
    found: dict[str, Any] = next(key for key in keys if key["kid"] == header_of(token)["kid"])
    return found


@pytest.mark.parametrize("member", ["jku", "jwk", "x5u", "x5c", "crit", "b64"])
def test_a_forbidden_header_is_refused_even_with_the_right_key(member: str) -> None:
    """SECURITY_BAR row 35: it is the header that is refused, not only the signature"""
    key = signing_key()
    right, wrong = key.sign({"sub": "x"}), key.sign({"sub": "x"}, **{member: []})

    assert jose.verify(right, [key.public], algorithms=jose.ALGORITHMS) == {"sub": "x"}
    with pytest.raises(SignatureError):
        jose.verify(wrong, [key.public], algorithms=jose.ALGORITHMS)


@pytest.mark.parametrize("part", [0, 1, 2])
async def test_an_id_token_hint_with_one_changed_character_is_refused(
    client: TestClient, user: TestUser, visitor: Visitor, part: int
) -> None:
    parts = (await visitor.tokens_for(client, user))["id_token"].split(".")
    middle = len(parts[part]) // 2
    changed = "A" if parts[part][middle] != "A" else "B"
    parts[part] = parts[part][:middle] + changed + parts[part][middle + 1 :]

    hint = ".".join(parts)

    answer = answer_in(await visitor.authorize(client, prompt="none", id_token_hint=hint))
    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize(
    "hint",
    ["x", "..", "a.b.c", "e30.e30.", "e30.e30.e30", "é.é.é", "W10.W10.W10", "a" * 3000 + ".b.c"],
)
async def test_a_malformed_id_token_hint_is_refused(
    client: TestClient, user: TestUser, visitor: Visitor, hint: str
) -> None:
    """SECURITY_BAR rows 35 and 44"""
    await visitor.tokens_for(client, user)

    answer = answer_in(await visitor.authorize(client, prompt="none", id_token_hint=hint))

    assert answer["error"] == "invalid_request"


async def test_a_logout_token_is_refused_as_an_id_token_hint(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, operator: Services
) -> None:
    """SECURITY_BAR row 35: signed by our key, and of another type"""
    await visitor.tokens_for(client, user)
    person = await operator.accounts.users.get(user.username)
    registered = await operator.clients.clients.get(client.client_id)
    logout_token = await operator.oauth.id_tokens.logout_token(registered, person, "a-session")
    assert header_of(logout_token)["typ"] == "logout+jwt"

    answer = answer_in(await visitor.authorize(client, prompt="none", id_token_hint=logout_token))

    assert answer["error"] == "invalid_request"


async def test_a_signed_userinfo_response_is_refused_as_an_id_token_hint(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 35: signed by our key, with the same iss, sub and aud"""
    client = await app.create_client(userinfo_signed_response_alg="RS256")
    token = (await visitor.tokens_for(client, user))["access_token"]
    signed = await app.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert signed.headers["content-type"] == "application/jwt"

    answer = answer_in(await visitor.authorize(client, prompt="none", id_token_hint=signed.text))

    assert answer["error"] == "invalid_request"


async def test_an_id_token_of_another_issuer_is_refused_as_a_hint(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, operator: Services
) -> None:
    """SECURITY_BAR row 35: our key under the name that we had before"""
    token = (await visitor.tokens_for(client, user))["id_token"]
    claims = await verified(app, token)
    elsewhere = {**claims, "iss": "https://other.example"}
    moved = await operator.oauth.signing_keys.sign(elsewhere, algorithm="RS256")

    assert await operator.oauth.id_tokens.read_hint(token) is not None
    assert await operator.oauth.id_tokens.read_hint(moved) is None


@pytest.mark.parametrize("path", ["/userinfo", "/profile"])
@pytest.mark.parametrize("kind", ["id_token", "refresh_token"])
async def test_only_an_access_token_is_accepted_as_an_access_token(
    app: Application,
    client: TestClient,
    user: TestUser,
    visitor: Visitor,
    path: str,
    kind: str,
) -> None:
    """SECURITY_BAR row 36"""
    tokens = await visitor.tokens_for(client, user)

    response = await app.http.get(path, headers={"Authorization": f"Bearer {tokens[kind]}"})

    assert_oauth_error(response, "invalid_token", status=401)
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


@pytest.mark.parametrize("kind", ["id_token", "access_token"])
async def test_only_a_refresh_token_is_accepted_as_a_refresh_token(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, kind: str
) -> None:
    """SECURITY_BAR row 36"""
    tokens = await visitor.tokens_for(client, user)

    assert_oauth_error(await app.refresh(client, tokens[kind]), "invalid_grant")


async def test_an_id_token_is_inactive_at_introspection(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 36"""
    tokens = await visitor.tokens_for(client, user)

    assert await app.introspect(client, tokens["id_token"]) == {"active": False}
