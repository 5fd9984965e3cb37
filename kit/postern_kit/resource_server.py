"""A service that accepts tokens of an issuer: what it requires, refuses and publishes."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from postern_kit.dpop import DpopVerifier
from postern_kit.jwt_verifier import JwtVerifier
from postern_kit.refusals import (
    Refusal,
    insufficient_authentication,
    insufficient_scope,
    invalid_proof,
    invalid_token,
    token_required,
)
from postern_kit.tokens import AccessToken, TokenVerifier, is_time

WELL_KNOWN = "/.well-known/oauth-protected-resource"
Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Requirements:
    """What a request needs beyond a valid token.

    `max_age` is the age of the sign-in in seconds; `acr_values` are the acceptable ones.
    """

    scopes: Sequence[str] = ()
    max_age: int | None = None
    acr_values: Sequence[str] = ()


NOTHING_MORE = Requirements()


class ResourceServer:
    """Verify requests to one resource. Nothing here depends on a web framework.

    `resource` is the identifier, which is the audience of the tokens; its origin is where clients
    reach the service. `implies` names narrower scopes that a scope includes. A bound token is
    accepted only with a DPoP proof; with `requires_dpop`, there are no others.
    """

    def __init__(
        self,
        resource: str,
        *,
        issuer: str,
        verifier: TokenVerifier | None = None,
        dpop: DpopVerifier | None = None,
        requires_dpop: bool = False,
        scopes_supported: Sequence[str] = (),
        implies: Mapping[str, Sequence[str]] | None = None,
        name: str | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.resource = resource
        self.issuer = issuer
        self.verifier = verifier or JwtVerifier(issuer=issuer, audience=resource, now=now)
        self._dpop = dpop or DpopVerifier(now=now)
        self._requires_dpop = requires_dpop
        self._scopes_supported = list(scopes_supported)
        self._implies = implies or {}
        self._name = name
        self._now = now
        parts = urlsplit(resource)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        query = f"?{parts.query}" if parts.query else ""
        self.metadata_path = f"{WELL_KNOWN}{parts.path if parts.path != '/' else ''}"
        self.metadata_url = f"{self._origin}{self.metadata_path}{query}"

    def metadata(self) -> dict[str, Any]:
        """Return the protected resource metadata (RFC 9728), with the issuer byte for byte."""
        return {
            "resource": self.resource,
            "authorization_servers": [self.issuer],
            "bearer_methods_supported": ["header"],
            **({"scopes_supported": self._scopes_supported} if self._scopes_supported else {}),
            **({"resource_name": self._name} if self._name else {}),
            "dpop_signing_alg_values_supported": list(self._dpop.algorithms),
            **({"dpop_bound_access_tokens_required": True} if self._requires_dpop else {}),
        }

    def challenge(self, refusal: Refusal) -> str:
        """Return the value of WWW-Authenticate for a refusal."""
        more = {"resource_metadata": self.metadata_url}
        if refusal.scheme == "DPoP":
            more["algs"] = " ".join(self._dpop.algorithms)
        return refusal.challenge(more)

    async def authenticate(
        self,
        headers: Headers,
        *,
        method: str,
        path: str,
        requirements: Requirements = NOTHING_MORE,
    ) -> AccessToken:
        """Return the valid token of a request; raise `Refusal`, or `IssuerError` (respond 503)."""
        values = [(name.lower(), value) for name, value in headers]
        credentials = [value for name, value in values if name == "authorization"]
        proofs = [value for name, value in values if name == "dpop"]
        scheme, text = self._credentials(credentials, requirements.scopes)
        token = await self.verifier.verify(text)
        self._check_binding(token, scheme, proofs, method=method, path=path)
        self.check(token, requirements)
        return token

    def check(self, token: AccessToken, requirements: Requirements) -> None:
        """Raise `Refusal` if a valid token is not enough for a request."""
        if not set(requirements.scopes) <= self.effective_scopes(token):
            raise insufficient_scope(requirements.scopes)
        for reason in self._weaknesses(token, requirements):
            raise insufficient_authentication(
                max_age=requirements.max_age, acr_values=requirements.acr_values, reason=reason
            )

    def effective_scopes(self, token: AccessToken) -> set[str]:
        """Return the scopes of a token with those that they include."""
        scopes: set[str] = set()
        pending = list(token.scopes)
        while pending:
            scope = pending.pop()
            if scope not in scopes:
                scopes.add(scope)
                pending.extend(self._implies.get(scope, ()))
        return scopes

    def _credentials(self, values: Sequence[str], scopes: Sequence[str]) -> tuple[str, str]:
        if not values:
            raise self._missing(scopes, reason="no Authorization header")
        if len(values) > 1:
            raise Refusal(400, "invalid_request", "Send one Authorization header.")
        scheme, _, token = values[0].partition(" ")
        if scheme.lower() not in ("bearer", "dpop"):
            raise self._missing(scopes, reason="another scheme")
        token = token.strip(" ")
        if not token.isascii() or not token or " " in token:
            raise Refusal(400, "invalid_request", "The Authorization header is malformed.")
        return scheme.lower(), token

    def _missing(self, scopes: Sequence[str], *, reason: str) -> Refusal:
        refusal = token_required(scopes, reason=reason)
        refusal.scheme = "DPoP" if self._requires_dpop else "Bearer"
        return refusal

    def _check_binding(
        self,
        token: AccessToken,
        scheme: str,
        proofs: Sequence[str],
        *,
        method: str,
        path: str,
    ) -> None:
        """Refuse a bound token without its proof, and an unbound one where proofs are required."""
        thumbprint = token.key_thumbprint
        if thumbprint is None:
            if token.is_bound:
                raise invalid_token("bound in a way that is not supported here")
            if self._requires_dpop or scheme == "dpop":
                raise invalid_token("the token is not bound to a key")
            return
        if scheme != "dpop":
            raise invalid_token("a bound token was sent as Bearer")
        if len(proofs) != 1:
            raise invalid_proof("not exactly one proof")
        self._dpop.verify(
            proofs[0],
            method=method,
            url=f"{self._origin}{path}",
            token=token.token,
            thumbprint=thumbprint,
        )

    def _weaknesses(self, token: AccessToken, requirements: Requirements) -> Iterable[str]:
        if requirements.acr_values and token.claims.get("acr") not in requirements.acr_values:
            yield "acr is too weak"
        if requirements.max_age is not None:
            auth_time = token.claims.get("auth_time")
            now = self._now()
            if not is_time(auth_time) or now - float(auth_time or 0) > requirements.max_age:
                yield "auth_time is too old"
