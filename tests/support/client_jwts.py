"""JWTs of clients, both valid and forged."""

import base64
import hashlib
import hmac
import json
import secrets
import warnings
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True)
class SigningKey:
    """A key pair of a client."""

    key: Any
    kid: str
    algorithm: str

    @property
    def public(self) -> dict[str, Any]:
        """Return the public key as in the client's JWK Set."""
        return {**self.key.as_dict(private=False), "kid": self.kid, "use": "sig"}

    @property
    def private(self) -> dict[str, Any]:
        return {**self.key.as_dict(private=True), "kid": self.kid, "use": "sig"}

    def sign(self, claims: Any, **header: Any) -> str:
        """Sign any JSON as claims; `header` adds members, and None removes one."""
        members = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT", **header}
        members = {name: value for name, value in members.items() if value is not None}
        signing_input = f"{encoded(members)}.{encoded(claims)}"
        return f"{signing_input}.{self._signature(signing_input)}"

    def _signature(self, signing_input: str) -> str:
        algorithm = jws.JWSRegistry.algorithms[self.algorithm]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            raw = algorithm.sign(signing_input.encode(), self.key)
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@lru_cache
def signing_key(algorithm: str = "ES256", name: str = "one", *, bits: int = 2048) -> SigningKey:
    """Return the same key for the same arguments, because generating RSA keys is slow."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        key: Any
        if algorithm in ("RS256", "PS256"):
            key = RSAKey.generate_key(bits)
        elif algorithm in ("ES256", "ES384"):
            key = ECKey.generate_key("P-256" if algorithm == "ES256" else "P-384")
        else:
            key = OKPKey.generate_key("Ed25519")
    return SigningKey(key, f"{algorithm}-{name}", algorithm)


def jwks(*keys: SigningKey) -> dict[str, Any]:
    return {"keys": [key.public for key in keys]}


def assertion_claims(client_id: str, audience: Any, now: datetime, **claims: Any) -> dict[str, Any]:
    """Return the claims of a client assertion, valid for a minute; None removes a claim."""
    moment = int(now.timestamp())
    members = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "jti": secrets.token_urlsafe(16),
        "iat": moment,
        "exp": moment + 60,
        **claims,
    }
    return {name: value for name, value in members.items() if value is not None}


def unsigned(claims: Any, **header: Any) -> str:
    return f"{encoded({'alg': 'none', **header})}.{encoded(claims)}."


def signed_with_the_public_key(key: SigningKey, claims: Any, secret: bytes) -> str:
    """Sign with HS256 and a public value as secret: the attack of RFC 8725 section 2.1."""
    signing_input = f"{encoded({'alg': 'HS256', 'kid': key.kid})}.{encoded(claims)}"
    raw = hmac.digest(secret, signing_input.encode(), hashlib.sha256)
    return f"{signing_input}.{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"


def encoded(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
