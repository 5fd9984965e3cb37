"""Authorization code grant (RFC 6749 section 4.1.3) with PKCE (RFC 7636).

A code is used once. A second use means that somebody else has it too: every token of the first
use is revoked (RFC 6749 section 4.1.2), also where both came at the same moment.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from app.models.authorization_codes import AuthorizationCode
from app.models.clients import Client
from app.oauth.errors import InvalidGrantError
from app.oauth.grants.base import Grant, GrantParameters, GrantTools
from app.oauth.id_tokens import Authentication
from app.oauth.pkce import is_verified
from app.oauth.requests import TokenRequest
from app.observability.logging import logger
from app.observability.refusals import shown_uri
from app.schemas.tokens import TokenResponse
from app.security.tokens import TokenKind, digest_of
from app.services.keeping import Kept

log = logger(__name__)

MAXIMUM_WARNED = 1000


class AuthorizationCodeParameters(GrantParameters):
    """A code, once."""

    grant_type: Literal["authorization_code"]
    code: str
    redirect_uri: Annotated[str | None, Field(description="As in the authorization request.")] = (
        None
    )
    code_verifier: Annotated[str | None, Field(description="Where PKCE was used.")] = None


class AuthorizationCodeGrant(Grant[AuthorizationCodeParameters]):
    grant_type = "authorization_code"
    is_for_public_clients = True
    parameters = AuthorizationCodeParameters
    example_name = "A code for tokens"
    example = {  # noqa: RUF012 - a constant for the documentation
        "grant_type": "authorization_code",
        "code": "postern_ac_…",
        "redirect_uri": "http://localhost:3000/callback",
        "code_verifier": "…",
    }

    def __init__(self, tools: GrantTools) -> None:
        super().__init__(tools)
        self._warned: Kept[date] = Kept(MAXIMUM_WARNED)

    async def exchange(
        self, request: TokenRequest, parameters: AuthorizationCodeParameters
    ) -> TokenResponse:
        code = await self._find(parameters.code)
        if code is None:
            await self._refuse_use_of_long_ago(request.client, parameters.code)
        if code is None:
            raise _not_valid("the code is unknown")
        if code.client_id != request.client.client_id:
            raise _not_valid("the code is another client's")
        if code.used_at is not None:
            await self._revoke(code.client_id, code.family_id)
            raise _not_valid("the code was used before")
        if code.expires_at <= self.tools.clock.now():
            raise _not_valid("the code has expired")
        if (problem := _problem(request.client, code, parameters)) is not None:
            raise _not_valid(problem)
        return await self._redeem(request.client, parameters.code, code)

    async def _find(self, presented: str) -> AuthorizationCode | None:
        if not TokenKind.AUTHORIZATION_CODE.matches(presented):
            return None
        return await self.tools.codes.find(digest_of(presented))

    async def _redeem(
        self, client: Client, presented: str, code: AuthorizationCode
    ) -> TokenResponse:
        signed_in = await self.tools.sessions.find_by_id(code.session_id)
        if signed_in is None:  # signed out, or other credentials, meanwhile
            raise _not_valid("the session of the code has ended")
        response = await self.tools.issuer.redeem(
            self.tools.codes.redeem,
            presented,
            client,
            signed_in,
            scope=code.scope,
            authentication=Authentication(code.auth_time, code.acr, code.amr, code.session_id),
            nonce=code.nonce,
            claims=code.claims,
        )
        if response is not None:
            self._warn_of_unprotected(client, code)
            return response
        current = await self.tools.codes.find(digest_of(presented))
        if current is not None and current.used_at is not None:
            await self._revoke(current.client_id, current.family_id)
        raise _not_valid("the code was used or revoked meanwhile")

    def _warn_of_unprotected(self, client: Client, code: AuthorizationCode) -> None:
        """Log once a day that a client sends neither PKCE nor a nonce (RFC 9700 section 2.1.1):
        it cannot tell its own code from an injected one."""
        if client.is_public or code.code_challenge is not None or code.nonce is not None:
            return
        today = self.tools.clock.now().date()
        if self._warned.get(client.client_id) == today:
            return
        self._warned.put(client.client_id, today)
        log.warning(
            "client %s uses neither PKCE nor a nonce: register require_pkce, or set PKCE=all",
            client.client_id,
        )

    async def _refuse_use_of_long_ago(self, client: Client, presented: str) -> None:
        """The code is deleted soon after it expired; that it was used is known for longer."""
        if not TokenKind.AUTHORIZATION_CODE.matches(presented):
            return
        used = await self.tools.codes.find_used(digest_of(presented))
        if used is not None and used.client_id == client.client_id:
            await self._revoke(used.client_id, used.family_id)

    async def _revoke(self, client_id: str, family_id: str) -> None:
        await self.tools.families.revoke(family_id, now=self.tools.clock.now())
        log.warning(
            "a code of client %s was used again: family %s is revoked", client_id, family_id
        )


def _problem(
    client: Client, code: AuthorizationCode, parameters: AuthorizationCodeParameters
) -> str | None:
    """PKCE as it was begun, neither less nor more (RFC 9700 section 2.1.1), and the same URI.

    A URI that was left out at the authorization endpoint is the only one of the client, and may be
    left out here. OAuth 2.1 clients always leave it out here: PKCE says that both ends are the
    same.
    """
    verifier, given = parameters.code_verifier, parameters.redirect_uri
    is_the_uri = given == (code.redirect_uri or client.get_default_redirect_uri())
    may_be_left_out = code.code_challenge is not None or not code.redirect_uri
    if not is_the_uri and not (given is None and may_be_left_out):
        came = f"the redirect_uri {shown_uri(given)}" if given is not None else "no redirect_uri"
        return f"{came} came, and the code is for {shown_uri(code.redirect_uri) or 'none'}"
    if code.code_challenge is None:
        return "a code_verifier came, and no PKCE was begun" if verifier is not None else None
    if verifier is None:
        return "no code_verifier came, and PKCE was begun"
    is_right = is_verified(code.code_challenge, verifier)
    return None if is_right else "the code_verifier does not match the code_challenge"


def _not_valid(reason: str) -> InvalidGrantError:
    """One sentence for unknown, expired, used, another client's, and a wrong verifier."""
    return InvalidGrantError("The authorization code is not valid.", reason=reason)
