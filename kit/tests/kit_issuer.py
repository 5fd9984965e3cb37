"""An issuer that is not Postern, without a network: its metadata, keys, tokens, introspection."""

import base64
import hashlib
import json
import secrets
import warnings
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import ECKey

ISSUER = "https://login.example/t"
RESOURCE = "https://reports.example/mcp"
START = 1_800_000_000.0


class FakeIssuer:
    """Tokens that are right until changed, and what was requested of the issuer."""

    def __init__(self) -> None:
        self.time = START
        self.keys = {"k1": ECKey.generate_key("P-256", {"kid": "k1"})}
        self.requests: list[httpx.Request] = []
        self.introspection: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {
            "issuer": ISSUER,
            "jwks_uri": "https://login.example/jwks",
            "introspection_endpoint": "https://login.example/introspect",
            "token_endpoint": "https://login.example/token",
        }
        self.jwks_headers = {"Cache-Control": "public, max-age=600"}
        self.is_down = False
        self.token_response: dict[str, Any] = {"token_type": "Bearer", "expires_in": 600}
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self.respond))

    def now(self) -> float:
        return self.time

    def count(self, path: str) -> int:
        return sum(request.url.path == path for request in self.requests)

    def respond(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.is_down:
            raise httpx.ConnectError("down", request=request)
        path = request.url.path
        if path == "/t/.well-known/openid-configuration":
            return httpx.Response(200, json=self.metadata)
        if path == "/jwks":
            keys = [key.as_dict(private=False) for key in self.keys.values()]
            return httpx.Response(200, json={"keys": keys}, headers=self.jwks_headers)
        if path == "/introspect":
            return httpx.Response(200, json=self.introspection)
        if path == "/token":
            number = self.count("/token")
            body = {"access_token": f"token-{number}", **self.token_response}
            return httpx.Response(200, json=body)
        return httpx.Response(404)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Return the claims of a valid token; None removes one."""
        claims = {
            "iss": ISSUER,
            "aud": RESOURCE,
            "sub": "user-1",
            "client_id": "client-1",
            "scope": "read",
            "iat": int(self.time),
            "exp": int(self.time) + 600,
            "jti": secrets.token_urlsafe(8),
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, *, kid: str = "k1", typ: str | None = "at+jwt", **changes: Any) -> str:
        key = self.keys[kid]
        algorithm = {"EC": "ES256", "OKP": "EdDSA", "RSA": "PS256"}[key.key_type]
        header = {"alg": algorithm, "kid": kid, **({"typ": typ} if typ else {})}
        return signed(header, self.claims(**changes), key)


def signed(header: dict[str, Any], claims: dict[str, Any], key: Any) -> str:
    with warnings.catch_warnings():  # EdDSA is an old name, which most issuers use
        warnings.simplefilter("ignore")
        return jws.serialize_compact(
            header, json.dumps(claims).encode(), key, algorithms=[header["alg"]]
        )


def proof_of(
    key: Any,
    token: str,
    *,
    now: float,
    header: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """Return a DPoP proof for POST to the resource, with changes."""
    digest = hashlib.sha256(token.encode()).digest()
    claims = {
        "htm": "POST",
        "htu": RESOURCE,
        "iat": int(now),
        "jti": secrets.token_urlsafe(8),
        "ath": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        **changes,
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    full = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False), **(header or {})}
    return signed({name: value for name, value in full.items() if value is not None}, claims, key)
