"""Authorization code grant (RFC 6749 section 4.1.3) with PKCE (RFC 7636).

A code can be used once. A second use means that the code has leaked: all tokens issued for it are
revoked (RFC 6749 section 4.1.2), even if both requests arrive at the same moment.
"""

from datetime import date
from typing import Annotated, Literal

from cachetools import FIFOCache
from pydantic import Field

from app.clock import Clock
from app.models.clients.clients import Client
from app.models.oauth.authorization_codes import AuthorizationCode
from app.oauth.access_policy import AccessRefusedError, may_use
from app.oauth.admin_access import has_recent_factor, scope_granted_by_user
from app.oauth.authorization_details import AuthorizationDetails
from app.oauth.descriptions import Description
from app.oauth.dpop.confirmation import bound_key
from app.oauth.errors import InvalidGrantError
from app.oauth.grants.base import Grant, GrantParameters
from app.oauth.id_tokens import Authentication
from app.oauth.issuer import TokenIssuer
from app.oauth.pkce import is_verified
from app.oauth.requests import TokenRequest
from app.oauth.resource_indicators import ResourceIndicators
from app.observability.logging import logger
from app.observability.refusals import shown_uri
from app.repositories.oauth.authorization_codes import AuthorizationCodeRepository
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.schemas.tokens import TokenResponse
from app.security.tokens import TokenKind, digest_of
from app.services.accounts.entitlements import EntitlementService
from app.services.accounts.events import AccountEvent
from app.services.accounts.sessions import SessionService
from app.services.operations.audit import AuditLog

log = logger(__name__)

MAXIMUM_WARNED = 1000


class AuthorizationCodeParameters(GrantParameters):
    """Token request with an authorization code, which can be used once."""

    grant_type: Literal["authorization_code"]
    code: str
    redirect_uri: Annotated[
        str | None, Field(description=("Same value as in the authorization request."))
    ] = None
    code_verifier: Annotated[str | None, Field(description="Required if PKCE was used.")] = None


class AuthorizationCodeGrant(Grant[AuthorizationCodeParameters]):
    grant_type = "authorization_code"
    requires_user = True
    is_for_public_clients = True
    allows_open_registration = True
    has_limits_of_its_own = False
    can_prove_client = False
    parameters = AuthorizationCodeParameters
    example_name = "Exchange a code for tokens"
    example = {  # noqa: RUF012 - a constant for the documentation
        "grant_type": "authorization_code",
        "code": "postern_ac_…",
        "redirect_uri": "http://localhost:3000/callback",
        "code_verifier": "…",
    }

    def __init__(
        self,
        *,
        token_issuer: TokenIssuer,
        resource_indicators: ResourceIndicators,
        authorization_details: AuthorizationDetails,
        authorization_code_repository: AuthorizationCodeRepository,
        token_family_repository: TokenFamilyRepository,
        sessions: SessionService,
        entitlements: EntitlementService,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._token_issuer = token_issuer
        self._resource_indicators = resource_indicators
        self._authorization_details = authorization_details
        self._authorization_code_repository = authorization_code_repository
        self._token_family_repository = token_family_repository
        self._sessions = sessions
        self._entitlements = entitlements
        self._audit = audit
        self._clock = clock
        self._warned: FIFOCache[str, date] = FIFOCache(MAXIMUM_WARNED)

    async def exchange(
        self, request: TokenRequest, parameters: AuthorizationCodeParameters
    ) -> TokenResponse:
        code = await self._find(parameters.code)
        if code is None:
            await self._refuse_use_of_long_ago(request.client, parameters.code)
        if code is None:
            raise _not_valid("the code is unknown")
        if code.client_id != request.client.client_id:
            raise _not_valid("the code belongs to another client")
        if code.used_at is not None:
            await self._revoke(code.client_id, code.family_id)
            raise _not_valid("the code was used before")
        if code.expires_at <= self._clock.now():
            raise _not_valid("the code has expired")
        if (problem := _problem(request, code, parameters)) is not None:
            raise _not_valid(problem)
        return await self._redeem(request, parameters, code)

    async def _find(self, presented: str) -> AuthorizationCode | None:
        if not TokenKind.AUTHORIZATION_CODE.matches(presented):
            return None
        return await self._authorization_code_repository.find(digest_of(presented))

    async def _redeem(
        self,
        request: TokenRequest,
        parameters: AuthorizationCodeParameters,
        code: AuthorizationCode,
    ) -> TokenResponse:
        client, presented = request.client, parameters.code
        signed_in = await self._sessions.find_by_id(code.session_id)
        if signed_in is None:  # signed out, or changed credentials, meanwhile
            raise _not_valid("the session of the code has ended")
        entitlements = self._entitlements.lazily(signed_in.user.user_id)
        if not await may_use(client, entitlements):
            raise AccessRefusedError(Description.AUTHORIZATION_CODE_INVALID)
        scope = await scope_granted_by_user(
            client.get_allowed_scope(code.scope),
            client=client,
            user=entitlements,
            has_recent_factor=has_recent_factor(code.amr, code.auth_time, at=code.issued_at),
        )
        grant = await self._resource_indicators.grant_of_code(
            client,
            resource=parameters.resource,
            scope=scope,
            granted=code.resources,
            granted_at=code.issued_at,
        )
        grant = await self._authorization_details.grant_of(
            grant,
            client,
            asked=parameters.authorization_details,
            granted=code.authorization_details,
        )
        response = await self._token_issuer.redeem(
            self._authorization_code_repository.redeem,
            presented,
            client,
            signed_in,
            family_id=code.family_id,
            grant=grant,
            authentication=Authentication(code.auth_time, code.acr, code.amr, code.session_id),
            entitlements=entitlements,
            keys=request.keys,
            nonce=code.nonce,
            claims=code.claims,
        )
        if response is not None:
            self._warn_of_unprotected(client, code)
            return response
        current = await self._authorization_code_repository.find(digest_of(presented))
        if current is not None and current.used_at is not None:
            await self._revoke(current.client_id, current.family_id)
        else:
            await self._token_issuer.refuse_replay(request.keys)
        raise _not_valid("the code was used or revoked concurrently")

    def _warn_of_unprotected(self, client: Client, code: AuthorizationCode) -> None:
        """Log, once a day per client, the use of neither PKCE nor a nonce (RFC 9700 section 2.1.1).

        Such a client cannot tell its own code from an injected one.
        """
        if client.is_public or code.code_challenge is not None or code.nonce is not None:
            return
        today = self._clock.now().date()
        if self._warned.get(client.client_id) == today:
            return
        self._warned[client.client_id] = today
        log.warning(
            "client %s uses neither PKCE nor a nonce: register require_pkce, or set PKCE=all",
            client.client_id,
        )

    async def _refuse_use_of_long_ago(self, client: Client, presented: str) -> None:
        """Revoke the tokens of a code that was used and has been deleted since.

        A code is deleted soon after it expires; the record of its use is stored for longer.
        """
        if not TokenKind.AUTHORIZATION_CODE.matches(presented):
            return
        used = await self._authorization_code_repository.find_used(digest_of(presented))
        if used is not None and used.client_id == client.client_id:
            await self._revoke(used.client_id, used.family_id)

    async def _revoke(self, client_id: str, family_id: str) -> None:
        sign_in = await self._token_family_repository.find_sign_in(family_id)
        event = self._audit.event(
            AccountEvent.CODE_REPLAYED,
            user_id=sign_in.user_id if sign_in is not None else None,
            client_id=client_id,
            succeeded=False,
        )
        await self._token_family_repository.revoke(family_id, now=self._clock.now(), event=event)
        log.warning("a code of client %s was replayed: family %s was revoked", client_id, family_id)


def _problem(
    request: TokenRequest, code: AuthorizationCode, parameters: AuthorizationCodeParameters
) -> str | None:
    """Return why the code cannot be redeemed, or None if it can.

    A code that is bound to a key requires a proof of it (RFC 9449 section 10).
    PKCE must be used if, and only if, the authorization request used it (RFC 9700 section 2.1.1),
    and `redirect_uri` must be the same. A URI that was omitted from the authorization request is
    the client's only one, and may be omitted from the token request. OAuth 2.1 clients always omit
    it from the token request: PKCE binds the two requests to each other.
    """
    jkt, proof = bound_key(code.confirmation), request.keys.proof
    if jkt is not None and (proof is None or proof.jkt != jkt):
        return "the code is bound to a key that the request does not prove"
    verifier, uri = parameters.code_verifier, parameters.redirect_uri
    is_same_uri = uri == (code.redirect_uri or request.client.get_default_redirect_uri())
    is_optional = code.code_challenge is not None or not code.redirect_uri
    if not is_same_uri and not (uri is None and is_optional):
        received = f"the redirect_uri {shown_uri(uri)}" if uri is not None else "no redirect_uri"
        return f"{received} was sent, but the code is for {shown_uri(code.redirect_uri) or 'none'}"
    if code.code_challenge is None:
        return (
            "a code_verifier was sent, but the authorization request had no code_challenge"
            if verifier is not None
            else None
        )
    if verifier is None:
        return "no code_verifier was sent, but the authorization request had a code_challenge"
    is_match = is_verified(code.code_challenge, verifier)
    return None if is_match else "the code_verifier does not match the code_challenge"


def _not_valid(reason: str) -> InvalidGrantError:
    """Return one error for a code that is unknown, expired, used or another client's, and for a
    wrong verifier."""
    return InvalidGrantError(Description.AUTHORIZATION_CODE_INVALID, reason=reason)
