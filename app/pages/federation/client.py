"""Authlib's client, adapted for identity providers; imported late, because few servers need it.

It builds the authorization request (state, nonce, PKCE) and redeems the code.
`app.oauth.identity_provider` decides which hosts are contacted and whether an ID token is valid.
"""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.starlette_client import StarletteIntegration, StarletteOAuth2App
from starlette.requests import Request

from app.models.federation.identity_providers import IdentityProvider
from app.oauth.identity_provider import (
    BASIC,
    IdentityProviderProtocol,
    ProviderMetadata,
    ProviderProtocolError,
    ProviderUnavailableError,
)
from app.outbound.http import FetchError, OutboundHttp

PROTOCOL_ERRORS = (httpx2.HTTPError, ValueError, TypeError, RecursionError)
"""Errors that Authlib raises for malformed responses: it does not check types and ranges."""
POST = "client_secret_post"
FRESH = {"prompt": "login", "max_age": "0"}
"""Request a new sign-in, and therefore `auth_time` (OpenID Connect Core section 3.1.2.1)."""
NAMES_OF_SENT = (b"accept", b"authorization", b"content-type")


class ProviderClient(StarletteOAuth2App):
    """Client of an identity provider, created for one sign-in and not shared."""

    def __init__(
        self,
        protocol: IdentityProviderProtocol,
        provider: IdentityProvider,
        metadata: ProviderMetadata,
        secret: str | None,
    ) -> None:
        super().__init__(
            StarletteIntegration(provider.name),
            provider.name,
            client_id=provider.client_id,
            client_secret=secret,
            authorize_url=metadata.authorization_endpoint,
            access_token_url=metadata.token_endpoint,
            userinfo_endpoint=metadata.userinfo_endpoint,
            client_auth_methods=[(BASIC, _encoded_basic)],
            client_kwargs={
                "scope": provider.scope,
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": _auth_method(metadata, secret),
                "transport": _Outbound(protocol.outbound_to(provider.issuer)),
                "trust_env": False,
            },
            user_agent="Postern",
        )
        self._protocol = protocol
        self._provider = provider
        self._metadata = metadata

    async def begin(
        self, request: Request, session: dict[str, Any], *, redirect_uri: str, is_fresh: bool
    ) -> tuple[str, str]:
        """Return the authorization URL and its `state`.

        Store in `session` what `finish` needs.
        """
        extra_parameters = FRESH if is_fresh else {}
        authorization_data = await self.create_authorization_url(redirect_uri, **extra_parameters)
        url, state = str(authorization_data.pop("url")), str(authorization_data["state"])
        request.scope["session"] = session
        await self.save_authorize_data(request, redirect_uri=redirect_uri, **authorization_data)
        return url, state

    async def finish(self, request: Request, session: dict[str, Any]) -> dict[str, Any]:
        """Redeem the code of a callback and return the claims of the ID token and of userinfo.

        Raise `ProviderUnavailableError` or `ProviderProtocolError`.
        """
        request.scope["session"] = session
        try:
            token = await self.authorize_access_token(request)  # type: ignore[no-untyped-call]  # Authlib has no types
        except (FetchError, httpx2.HTTPStatusError) as error:  # the latter for status 500 or above
            raise ProviderUnavailableError(f"its token endpoint failed: {_brief(error)}") from error
        except (OAuthError, *PROTOCOL_ERRORS) as error:
            raise ProviderProtocolError(f"its token endpoint failed: {_brief(error)}") from error
        claims = token.get("userinfo")
        if claims is None:
            raise ProviderProtocolError("the token response has no ID token")
        return {**await self._further(token, claims), **claims}

    async def parse_id_token(
        self,
        token: Any,
        nonce: Any,
        claims_options: Any = None,
        claims_cls: Any = None,
        leeway: int = 0,
    ) -> Any:
        """Override Authlib's method, which would accept any algorithm that a provider names."""
        return await self._protocol.read_id_token(
            self._provider, token.get("id_token"), nonce=nonce
        )

    async def _further(
        self, token: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the claims of the userinfo endpoint (section 5.3.2), or {} if it fails.

        They are optional. Claims about another `sub` are ignored.
        """
        if self._metadata.userinfo_endpoint is None or "access_token" not in token:
            return {}
        try:
            userinfo = await self.userinfo(token=token)
        except (FetchError, OAuthError, *PROTOCOL_ERRORS):
            return {}
        return userinfo if userinfo.get("sub") == claims["sub"] else {}


class _Outbound(httpx2.AsyncBaseTransport):
    """Transport through `OutboundHttp`: address checks, a size limit, one timeout, no redirects."""

    def __init__(self, outbound: OutboundHttp) -> None:
        self._outbound = outbound

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._outbound.send(
            request.method,
            str(request.url),
            headers=[
                header for header in request.headers.raw if header[0].lower() in NAMES_OF_SENT
            ],
            body=await request.aread() or None,
        )
        return httpx2.Response(
            response.status,
            headers={"Content-Type": response.content_type} if response.content_type else {},
            content=response.body,
            request=request,
        )


def _auth_method(metadata: ProviderMetadata, secret: str | None) -> str:
    """Prefer the secret in the body if supported: providers decode Basic in different ways."""
    if secret is None:
        return "none"
    return POST if POST in metadata.auth_methods else BASIC


def _encoded_basic(client: Any, _: str, uri: str, headers: Any, body: Any) -> tuple[str, Any, Any]:
    """Encode the credentials for Basic (RFC 6749 section 2.3.1); Authlib omits the encoding."""
    credentials = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
    headers["Authorization"] = f"Basic {base64.b64encode(credentials.encode()).decode()}"
    return uri, headers, body


def _brief(error: Exception) -> str:
    """Return the OAuth error code or the class of an error for the log; no text of the provider."""
    code = getattr(error, "error", None)
    is_code = isinstance(code, str) and code.isascii() and code.isprintable() and len(code) < 50
    return str(code) if is_code else type(error).__name__
