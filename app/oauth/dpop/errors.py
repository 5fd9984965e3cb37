"""The errors of DPoP (RFC 9449 sections 5, 7.1, 8 and 9).

The token endpoint answers 400. A protected resource answers 401 with a challenge, as it does for
any other problem with a token. The challenge names the `algorithms` that are accepted.
"""

from collections.abc import Sequence

from app.oauth.descriptions import Description
from app.oauth.errors import (
    REALM,
    InsufficientScopeError,
    InvalidTokenError,
    MissingTokenError,
    OAuth2Error,
)


class DpopError(OAuth2Error):
    """A refused proof.

    `algorithms` are those of the challenge if it came with an access token, else None.
    """

    def __init__(
        self,
        description: str | None = None,
        *,
        algorithms: Sequence[str] | None,
        reason: str | None = None,
    ) -> None:
        status_code = 401 if algorithms is not None else 400
        super().__init__(description, reason=reason, status_code=status_code)
        self.algorithms = algorithms

    def extra_headers(self) -> list[tuple[str, str]]:
        return [_challenge(str(self.error), self.algorithms)] if self.algorithms is not None else []


class InvalidDpopProofError(DpopError):
    """RFC 9449 section 5: the proof is missing, malformed, for another request, or used."""

    error = "invalid_dpop_proof"
    description = Description.DPOP_PROOF_INVALID


class UseDpopNonceError(DpopError):
    """RFC 9449 section 8: the client repeats its request with the nonce in this response."""

    error = "use_dpop_nonce"
    description = Description.DPOP_NONCE_REQUIRED

    def __init__(
        self, nonce: str, *, algorithms: Sequence[str] | None, reason: str | None = None
    ) -> None:
        super().__init__(algorithms=algorithms, reason=reason)
        self.nonce = nonce

    def extra_headers(self) -> list[tuple[str, str]]:
        return [*super().extra_headers(), ("DPoP-Nonce", self.nonce)]


class InvalidDpopTokenError(InvalidTokenError):
    """RFC 9449 section 7.1: the access token is not valid with this key, or without one."""

    def __init__(self, *, algorithms: Sequence[str], reason: str) -> None:
        super().__init__(reason=reason)
        self.algorithms = algorithms

    def extra_headers(self) -> list[tuple[str, str]]:
        return [_challenge("invalid_token", self.algorithms)]


class InsufficientBoundScopeError(InsufficientScopeError):
    """RFC 9449 section 7.1: the token, which is bound to a key, lacks the scope `openid`."""

    def __init__(self, *, algorithms: Sequence[str], reason: str) -> None:
        super().__init__(reason=reason)
        self.algorithms = algorithms

    def extra_headers(self) -> list[tuple[str, str]]:
        return [_challenge("insufficient_scope", self.algorithms, scope="openid")]


class MissingBoundTokenError(MissingTokenError):
    """RFC 9449 section 7.1: no token at all, where bound tokens are accepted, too."""

    def __init__(self, *, algorithms: Sequence[str], reason: str) -> None:
        super().__init__(reason=reason)
        self.algorithms = algorithms

    def extra_headers(self) -> list[tuple[str, str]]:
        return [*super().extra_headers(), _challenge(None, self.algorithms)]


def algs(algorithms: Sequence[str]) -> str:
    """Return the parameter of a challenge that names the algorithms of proofs (section 7.1)."""
    return f'algs="{" ".join(algorithms)}"'


def _challenge(
    error: str | None, algorithms: Sequence[str], *, scope: str | None = None
) -> tuple[str, str]:
    code = f', error="{error}"' if error is not None else ""
    required = f', scope="{scope}"' if scope is not None else ""
    return ("WWW-Authenticate", f"DPoP {REALM}{code}{required}, {algs(algorithms)}")
