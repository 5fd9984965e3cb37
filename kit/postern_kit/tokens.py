"""What a valid access token says, and the interface of what verifies one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Claims = Mapping[str, Any]
LATEST = 253_402_300_799
"""The last second of the year 9999."""


@dataclass(frozen=True)
class AccessToken:
    """A valid access token: its claims, or what introspection says about it."""

    token: str
    claims: Claims

    @property
    def subject(self) -> str:
        """The user, or the client itself if there is no user."""
        return str(self.claims["sub"])

    @property
    def client_id(self) -> str | None:
        """The client, or None for a token that a user created without one."""
        value = self.claims.get("client_id")
        return value if isinstance(value, str) else None

    @property
    def scopes(self) -> frozenset[str]:
        value = self.claims.get("scope")
        return frozenset(value.split()) if isinstance(value, str) else frozenset()

    @property
    def expires_at(self) -> float:
        return float(self.claims["exp"])

    @property
    def key_thumbprint(self) -> str | None:
        """The DPoP key that the token is bound to (RFC 9449 section 6)."""
        confirmation = self.claims.get("cnf")
        value = confirmation.get("jkt") if isinstance(confirmation, Mapping) else None
        return value if isinstance(value, str) else None

    @property
    def is_bound(self) -> bool:
        """Whether the token is only valid with a proof, of whatever kind."""
        return "cnf" in self.claims


class TokenVerifier(Protocol):
    """Verify an access token for one resource."""

    async def verify(self, token: str) -> AccessToken:
        """Return the token if it is valid; raise `Refusal` otherwise."""
        ...


def is_audience(claims: Claims, audience: str) -> bool:
    """Return whether `aud`, a string or a list, contains an audience."""
    value = claims.get("aud")
    return audience in value if isinstance(value, list) else value == audience


def is_time(value: object) -> bool:
    """Return whether a claim is a NumericDate (RFC 7519 section 2) of a year with four digits.

    Python's JSON also has NaN, which is neither too early nor too late for any comparison.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 <= value <= LATEST
