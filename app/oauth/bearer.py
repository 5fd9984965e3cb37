"""Bearer tokens at a protected resource (RFC 6750), accepted only in the Authorization header."""

from urllib.parse import parse_qs

from app.clock import Clock
from app.models.oauth.access_tokens import AccessToken
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidBearerRequestError, InvalidTokenError, MissingTokenError
from app.observability import request_context
from app.repositories.oauth.access_tokens import AccessTokenRepository
from app.security.tokens import TokenKind, digest_of

MAXIMUM_LENGTH = 8192


class BearerTokens:
    def __init__(self, access_token_repository: AccessTokenRepository, clock: Clock) -> None:
        self._access_token_repository = access_token_repository
        self._clock = clock

    async def authenticate(
        self, authorization: bytes | None, *, query: bytes, in_form: str | None = None
    ) -> AccessToken:
        """Return the valid access token of a request.

        `in_form` is for the one endpoint that also accepts a token in its body (section 2.2).
        Raises `MissingTokenError`, `InvalidBearerRequestError` or `InvalidTokenError`.
        """
        if authorization is None and in_form is None:
            raise MissingTokenError(reason="the request has no bearer token")
        if (authorization and in_form) or (query and _has_access_token(query)):
            raise InvalidBearerRequestError(Description.SEVERAL_BEARER_TOKENS)
        token = await self._find(in_form or _token_in(authorization or b""))
        if token is None:
            raise InvalidTokenError(reason="the access token is unknown, expired or revoked")
        request_context.name_client(token.client_id)
        return token

    async def _find(self, token: str) -> AccessToken | None:
        if not TokenKind.ACCESS_TOKEN.matches(token):
            return None
        return await self._access_token_repository.find_valid(
            digest_of(token), now=self._clock.now()
        )


def _token_in(authorization: bytes) -> str:
    scheme, _, token = authorization.partition(b" ")
    if scheme.lower() != b"bearer" or len(token) > MAXIMUM_LENGTH or not token.isascii():
        raise InvalidTokenError(reason="the Authorization header has no bearer token")
    return token.strip().decode("ascii")


def _has_access_token(query: bytes) -> bool:
    return "access_token" in parse_qs(query.decode("latin-1"), keep_blank_values=True)
