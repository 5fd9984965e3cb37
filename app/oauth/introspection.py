"""Token introspection (RFC 7662): what an authenticated client is told about a token.

Any confidential client may ask about access tokens, since services do; about a refresh token
only its own client. Everything else is not active.
"""

from app.clock import Clock
from app.models.access_tokens import AccessToken
from app.models.clients import Client
from app.models.refresh_tokens import RefreshToken
from app.oauth.client_auth.authenticator import ClientAuthenticator
from app.oauth.errors import InvalidClientError, InvalidRequestError
from app.oauth.requests import FormRequest
from app.oauth.subjects import subject_for
from app.repositories.access_tokens import AccessTokenRepository
from app.repositories.refresh_tokens import RefreshTokenRepository
from app.schemas.tokens import IntrospectionResponse
from app.security.tokens import TokenKind, digest_of

INACTIVE = IntrospectionResponse(active=False)


class Introspection:
    def __init__(
        self,
        authenticator: ClientAuthenticator,
        access_tokens: AccessTokenRepository,
        refresh_tokens: RefreshTokenRepository,
        clock: Clock,
        *,
        issuer: str,
    ) -> None:
        self._authenticator = authenticator
        self._access_tokens = access_tokens
        self._refresh_tokens = refresh_tokens
        self._clock = clock
        self._issuer = issuer

    async def respond(self, request: FormRequest) -> IntrospectionResponse:
        client = await self._authenticator.authenticate(request)
        if client.is_public:
            raise InvalidClientError(reason="a public client cannot introspect")
        token = request.form.get("token")
        if token is None:
            raise InvalidRequestError("The token parameter is missing.")
        if TokenKind.ACCESS_TOKEN.matches(token):
            return await self._of_access_token(token)
        if TokenKind.REFRESH_TOKEN.matches(token):
            return await self._of_refresh_token(token, client)
        return INACTIVE

    async def _of_access_token(self, token: str) -> IntrospectionResponse:
        found = await self._access_tokens.find_living(digest_of(token), now=self._clock.now())
        if found is None:
            return INACTIVE
        return IntrospectionResponse(
            active=True,
            scope=found.scope or None,
            client_id=found.client_id,
            username=found.username if found.sector_identifier is None else None,
            token_type="Bearer",
            exp=int(found.expires_at.timestamp()),
            iat=int(found.issued_at.timestamp()),
            sub=_subject_of(found, sector_identifier=found.sector_identifier),
            iss=self._issuer,
        )

    async def _of_refresh_token(self, token: str, client: Client) -> IntrospectionResponse:
        found = await self._refresh_tokens.find_in_living_family(digest_of(token))
        if (
            found is None
            or not found.check_client(client)
            or found.used_at is not None
            or found.expires_at <= self._clock.now()
        ):
            return INACTIVE
        return IntrospectionResponse(
            active=True,
            scope=found.scope or None,
            client_id=found.client_id,
            username=found.username if client.sector_identifier is None else None,
            token_type="refresh_token",
            exp=int(found.expires_at.timestamp()),
            iat=int(found.issued_at.timestamp()),
            sub=_subject_of(found, sector_identifier=client.sector_identifier),
            iss=self._issuer,
        )


def _subject_of(found: AccessToken | RefreshToken, *, sector_identifier: str | None) -> str:
    """As the client of the token knows the person; the client itself where there is none."""
    if found.user_id is None or found.pairwise_salt is None:
        return found.client_id
    return subject_for(found.user_id, salt=found.pairwise_salt, sector_identifier=sector_identifier)
