"""Client credentials: what to send for a token, and how long to use it. Without an HTTP client."""

import base64
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

from joserfc import jwt
from joserfc.jwk import Key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60
RENEW_BEFORE_END = 30.0
FORM = "application/x-www-form-urlencoded"


class TokenRequestError(Exception):
    """The authorization server refused to issue a token."""


@dataclass
class ClientCredentials:
    """The credentials of a client, and the current token.

    Use `client_secret`, or `private_key` with its algorithm (`private_key_jwt`, RFC 7523). The
    token is for `resource` (RFC 8707) if it is set.
    """

    issuer: str
    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    private_key: Key | None = field(default=None, repr=False)
    algorithm: str = "ES256"
    resource: str | None = None
    scope: str | None = None
    token_endpoint: str | None = None
    now: Callable[[], float] = time.time
    _token: str | None = field(default=None, init=False, repr=False)
    _renew_at: float = field(default=float("-inf"), init=False, repr=False)

    def __post_init__(self) -> None:
        if (self.client_secret is None) is (self.private_key is None):
            raise ValueError("use either client_secret or private_key")

    @property
    def token(self) -> str | None:
        """The current token, or None if a new one is required."""
        return self._token if self.now() < self._renew_at else None

    def forget(self, token: str) -> None:
        """Do not use a token again, because a service refused it."""
        if self._token == token:
            self._token, self._renew_at = None, float("-inf")

    def request(self) -> tuple[bytes, Mapping[str, str]]:
        """Return body and headers of a token request."""
        form = {"grant_type": "client_credentials"}
        if self.resource is not None:
            form["resource"] = self.resource
        if self.scope is not None:
            form["scope"] = self.scope
        headers = {"Content-Type": FORM, "Accept": "application/json"}
        if self.client_secret is not None:
            credentials = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
        else:
            form["client_id"] = self.client_id
            form["client_assertion_type"] = ASSERTION_TYPE
            form["client_assertion"] = self._assertion()
        return urlencode(form).encode(), headers

    def accept(self, status: int, body: Any) -> str:
        """Store the token of a response and return it; raise `TokenRequestError`."""
        members = body if isinstance(body, Mapping) else {}
        token = members.get("access_token")
        if status != 200 or not isinstance(token, str):
            details = [
                str(members[name]) for name in ("error", "error_description") if name in members
            ]
            raise TokenRequestError(": ".join(details) or f"the response has the status {status}")
        if str(members.get("token_type")).lower() != "bearer":
            raise TokenRequestError(f"token_type {members.get('token_type')} is not supported")
        lifetime = members.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, (int, float)) else 0.0
        self._token = token
        self._renew_at = self.now() + max(seconds - RENEW_BEFORE_END, seconds / 2)
        return token

    def _assertion(self) -> str:
        if self.private_key is None:
            raise ValueError("there is no private key")
        now = int(self.now())
        header = {"alg": self.algorithm}
        if self.private_key.kid:
            header["kid"] = self.private_key.kid
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.issuer,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        }
        return jwt.encode(header, claims, self.private_key, algorithms=[self.algorithm])
