"""Access tokens at a protected resource, accepted only in the Authorization header.

A token is a bearer token (RFC 6750), or it is bound to a key that each request proves (RFC 9449).
Neither is accepted by the scheme of the other.
"""

from enum import Enum
from typing import NamedTuple
from urllib.parse import parse_qs

from app.models.oauth.access_tokens import AccessToken
from app.oauth.access_token_reader import MAXIMUM_LENGTH, AccessTokenReader
from app.oauth.certificate_binding import require_certificate_of_token
from app.oauth.descriptions import Description
from app.oauth.dpop.confirmation import bound_key
from app.oauth.dpop.errors import InvalidDpopTokenError, MissingBoundTokenError
from app.oauth.dpop.proofs import DpopProofs, PresentedProof
from app.oauth.errors import InvalidBearerRequestError, InvalidTokenError
from app.oauth.resource_scopes import own_scope
from app.oauth.scopes import OPENID
from app.observability import request_context
from app.schemas.client_policies import parse_policies
from app.security.client_certificates import ClientCertificate
from app.services.clients.fapi import FapiProfile
from app.services.oauth.resource_catalogue import ResourceCatalogue

BEARER, DPOP = b"bearer", b"dpop"


class Presented(NamedTuple):
    """The text of a token as it was presented, and whether by the scheme of bound tokens."""

    token: str
    is_bound: bool


class Accepts(Enum):
    """Which access tokens an endpoint of ours accepts."""

    NO_AUDIENCE = "no audience"
    """Only those that are for no resource."""
    DEFAULT_RESOURCE = "default resource"
    """Those, too, that are for the default resource of their client and have the scope `openid`:
    clients that never send `resource` use the same token at UserInfo and at their service."""


class BearerTokens:
    """Access tokens at our own endpoints, of which none is a resource that others registered."""

    def __init__(
        self,
        *,
        access_tokens: AccessTokenReader,
        dpop_proofs: DpopProofs,
        resource_catalogue: ResourceCatalogue,
        fapi: FapiProfile,
    ) -> None:
        self._access_tokens = access_tokens
        self._dpop_proofs = dpop_proofs
        self._resource_catalogue = resource_catalogue
        self._fapi = fapi
        self.proof_algorithms = fapi.proof_algorithms(None)
        """The algorithms of proofs that a challenge names if the client is not known."""

    async def authenticate(
        self,
        authorization: bytes | None,
        *,
        accepts: Accepts,
        query: bytes,
        proof: PresentedProof,
        certificate: ClientCertificate | None,
        in_form: str | None = None,
    ) -> AccessToken:
        """Return the valid access token of a request, if the endpoint accepts its audience.

        In a token with an audience, only scopes of this server are left. `in_form` is for the one
        endpoint that also accepts a token in its body (section 2.2), where it is a bearer token. A
        token that is bound to a certificate requires it (RFC 8705 section 3). Raises
        `MissingTokenError`, `InvalidBearerRequestError`, `InvalidTokenError` or a `DpopError`.
        """
        if authorization is None and in_form is None:
            raise MissingBoundTokenError(
                algorithms=self.proof_algorithms, reason="the request has no bearer token"
            )
        if (authorization and in_form) or (query and _has_access_token(query)):
            raise InvalidBearerRequestError(Description.SEVERAL_BEARER_TOKENS)
        presented = Presented(in_form, False) if in_form else _token_in(authorization or b"")
        token = await self._access_tokens.find_valid(presented.token)
        if token is None:
            raise self._unknown(presented)
        request_context.name_client(token.client_id)
        if presented.is_bound or token.confirmation is not None:
            await self._require_key(token, presented, proof)
            require_certificate_of_token(token.confirmation, certificate)
        elif self._fapi.requires_binding(token.policies, token.confirmation):
            raise InvalidTokenError(
                reason="the FAPI 2.0 profile does not allow an access token that is not bound"
            )
        if token.audience is None:
            return token
        if accepts is not Accepts.DEFAULT_RESOURCE or not await self._is_for_default(token):
            raise InvalidTokenError(reason="the access token is for a resource, not for us")
        return token._replace(scope=own_scope(token.scope))

    def _unknown(self, presented: Presented) -> InvalidTokenError:
        reason = "the access token is unknown, expired or revoked"
        if presented.is_bound:
            return InvalidDpopTokenError(algorithms=self.proof_algorithms, reason=reason)
        return InvalidTokenError(reason=reason)

    async def _is_for_default(self, token: AccessToken) -> bool:
        """Return whether a token is of a sign-in, and for the default resource of its client."""
        if token.default_resource is None or OPENID not in token.scope.split():
            return False
        default = await self._resource_catalogue.find_by_name(token.default_resource)
        return default is not None and default.identifier == token.audience

    async def _require_key(
        self, token: AccessToken, presented: Presented, proof: PresentedProof
    ) -> None:
        """Require that a token is bound to the key that the request proves, which uses the proof.

        Raises `InvalidDpopTokenError` if one of the two is missing, and a `DpopError` for a proof
        that is not valid.
        """
        jkt, algorithms = bound_key(token.confirmation), self._fapi.proof_algorithms(token.policies)
        if not presented.is_bound:
            if jkt is not None:
                raise InvalidDpopTokenError(
                    algorithms=algorithms, reason="a bound token was sent as a bearer token"
                )
            return
        if jkt is None:
            raise InvalidDpopTokenError(
                algorithms=algorithms, reason="a bearer token was sent as one bound to a key"
            )
        policies = parse_policies(token.policies) if token.policies is not None else None
        verified = await self._dpop_proofs.verify(
            proof,
            access_token=presented.token,
            needs_nonce=policies is not None and policies.require_dpop_nonce,
            is_fapi=self._fapi.holds_under(token.policies),
        )
        if verified.jkt != jkt:
            raise InvalidDpopTokenError(
                algorithms=algorithms, reason="the token is bound to another key than the proof's"
            )
        await self._dpop_proofs.spend(verified, algorithms=algorithms)


def _token_in(authorization: bytes) -> Presented:
    scheme, _, token = authorization.partition(b" ")
    scheme = scheme.lower()
    if scheme not in (BEARER, DPOP) or len(token) > MAXIMUM_LENGTH or not token.isascii():
        raise InvalidTokenError(reason="the Authorization header has no bearer token")
    return Presented(token.strip().decode("ascii"), is_bound=scheme == DPOP)


def _has_access_token(query: bytes) -> bool:
    return "access_token" in parse_qs(query.decode("latin-1"), keep_blank_values=True)
