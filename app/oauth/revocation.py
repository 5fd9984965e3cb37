"""Token revocation (RFC 7009): a client revokes its own token.

Revoking a refresh token revokes its whole family. A revoked JWT is inactive at introspection and at
our own endpoints; services that verify it by themselves accept it until it expires. An unknown
token, or another client's, is left unchanged, and the response is the same (section 2.2).
"""

from app.clock import Clock
from app.oauth.access_token_reader import AccessTokenReader
from app.oauth.client_auth.authenticator import ClientAuthenticator
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestError
from app.oauth.requests import FormRequest
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.security.tokens import TokenKind, digest_of


class Revocation:
    def __init__(
        self,
        *,
        authenticator: ClientAuthenticator,
        access_tokens: AccessTokenReader,
        token_family_repository: TokenFamilyRepository,
        clock: Clock,
    ) -> None:
        self._authenticator = authenticator
        self._access_tokens = access_tokens
        self._token_family_repository = token_family_repository
        self._clock = clock

    async def respond(self, request: FormRequest) -> None:
        client = await self._authenticator.authenticate(request)
        token = request.form.get("token")
        if token is None:
            raise InvalidRequestError(Description.PARAMETER_MISSING.format(name="token"))
        if TokenKind.REFRESH_TOKEN.matches(token):
            await self._token_family_repository.revoke_by_refresh_token(
                digest_of(token), client_id=client.client_id, now=self._clock.now()
            )
        else:
            await self._access_tokens.revoke(token, client)
