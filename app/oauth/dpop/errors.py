"""The errors of DPoP (RFC 9449 sections 5, 7.1, 8 and 9).

The token endpoint answers 400. A protected resource answers 401 with a challenge, as it does for
any other problem with a token.
"""

from app.oauth.descriptions import Description
from app.oauth.errors import (
    REALM,
    InsufficientScopeError,
    InvalidTokenError,
    MissingTokenError,
    OAuth2Error,
)
from app.security.key_proofs import PROOF_ALGORITHMS

ALGS = f'algs="{" ".join(PROOF_ALGORITHMS)}"'


class DpopError(OAuth2Error):
    """A refused proof; `at_resource` is whether it came with an access token."""

    def __init__(
        self, description: str | None = None, *, at_resource: bool, reason: str | None = None
    ) -> None:
        super().__init__(description, reason=reason, status_code=401 if at_resource else 400)
        self.at_resource = at_resource

    def extra_headers(self) -> list[tuple[str, str]]:
        return [_challenge(str(self.error))] if self.at_resource else []


class InvalidDpopProofError(DpopError):
    """RFC 9449 section 5: the proof is missing, malformed, for another request, or used."""

    error = "invalid_dpop_proof"
    description = Description.DPOP_PROOF_INVALID


class UseDpopNonceError(DpopError):
    """RFC 9449 section 8: the client repeats its request with the nonce in this response."""

    error = "use_dpop_nonce"
    description = Description.DPOP_NONCE_REQUIRED

    def __init__(self, nonce: str, *, at_resource: bool, reason: str | None = None) -> None:
        super().__init__(at_resource=at_resource, reason=reason)
        self.nonce = nonce

    def extra_headers(self) -> list[tuple[str, str]]:
        return [*super().extra_headers(), ("DPoP-Nonce", self.nonce)]


class InvalidDpopTokenError(InvalidTokenError):
    """RFC 9449 section 7.1: the access token is not valid with this key, or without one."""

    def extra_headers(self) -> list[tuple[str, str]]:
        return [_challenge("invalid_token")]


class InsufficientBoundScopeError(InsufficientScopeError):
    """RFC 9449 section 7.1: the token, which is bound to a key, lacks the scope `openid`."""

    def extra_headers(self) -> list[tuple[str, str]]:
        return [_challenge("insufficient_scope", scope="openid")]


class MissingBoundTokenError(MissingTokenError):
    """RFC 9449 section 7.1: no token at all, where bound tokens are accepted, too."""

    def extra_headers(self) -> list[tuple[str, str]]:
        return [*super().extra_headers(), _challenge(None)]


def _challenge(error: str | None, *, scope: str | None = None) -> tuple[str, str]:
    code = f', error="{error}"' if error is not None else ""
    required = f', scope="{scope}"' if scope is not None else ""
    return ("WWW-Authenticate", f"DPoP {REALM}{code}{required}, {ALGS}")
