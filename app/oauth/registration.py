"""Client metadata (RFC 7591 section 2, OpenID Connect Dynamic Client Registration section 2)."""

import json
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from app.errors import InvalidInputError
from app.models.clients import Client
from app.oauth.authorization.requests import RESPONSE_TYPES
from app.oauth.client_auth import CLIENT_AUTH_METHODS
from app.oauth.errors import (
    InvalidClientMetadataError,
    InvalidRedirectUriError,
    InvalidTokenError,
    OAuth2Error,
)
from app.oauth.grants import GRANTS
from app.oauth.redirect_uris import LOOPBACK_HOSTS, hostname_of, is_loopback
from app.oauth.scopes import SCOPES
from app.observability.logging import logger
from app.outbound.http import FetchError, OutboundHttp
from app.schemas.clients import ClientCreate, ClientCreated
from app.schemas.registration import ClientRegister
from app.security.comparison import digests_match
from app.security.jose import ALGORITHMS, CLIENT_ALGORITHMS
from app.security.origins import web_origin_of
from app.security.tokens import digest_of
from app.services.clients import ClientService, NewClient

log = logger(__name__)

AnyClient = ClientCreate | ClientRegister
GRANT_TYPES = frozenset(grant.grant_type for grant in GRANTS)
NOT_FOR_PUBLIC_CLIENTS = frozenset(
    grant.grant_type for grant in GRANTS if not grant.is_for_public_clients
)
ONLY_FOR_THE_INVITED = frozenset({"password", "client_credentials"})
PROVE_THEIR_HOST = frozenset({"authorization_code", "refresh_token"})
"""Their tokens reach nobody but who answers at a redirect URI."""
AUTH_METHODS = {method.name: method for method in CLIENT_AUTH_METHODS}
ALGORITHM_MEMBERS: dict[str, Collection[str]] = {
    "id_token_signed_response_alg": ALGORITHMS,
    "userinfo_signed_response_alg": ALGORITHMS,
    "request_object_signing_alg": CLIENT_ALGORITHMS,
    "token_endpoint_auth_signing_alg": CLIENT_ALGORITHMS,
}
ENCRYPTION_MEMBERS = tuple(
    f"{what}_encrypted_response_{part}"
    for what in ("id_token", "userinfo")
    for part in ("alg", "enc")
)
DEFAULT_SCOPE = " ".join(SCOPES)
MAXIMUM_RETRIES = 3
"""How often an update is checked again after somebody else changed the client."""


class ClientRegistration:
    """`is_strict` is for production, where the web is https."""

    def __init__(self, clients: ClientService, outbound: OutboundHttp, *, is_strict: bool) -> None:
        self._clients = clients
        self._outbound = outbound
        self._is_strict = is_strict

    async def create(self, body: ClientCreate) -> ClientCreated:
        """The administrator's way; raises `InvalidInputError`."""
        try:
            _check(body)
            sector_identifier = await self._sector_identifier(body)
        except OAuth2Error as error:
            raise InvalidInputError(str(error.description), error=str(error.error)) from None
        return await self._clients.create(body, sector_identifier=sector_identifier)

    async def register(self, body: ClientRegister, *, is_invited: bool) -> NewClient:
        """A client registers itself; raises `InvalidClientMetadataError` or its neighbour.

        Who was not invited gets no grant that works without a person (CONTRACT), and has to be
        used before it expires.
        """
        sector_identifier = await self._checked(body, is_invited=is_invited)
        return await self._clients.register(
            body,
            scope=body.scope if body.scope is not None else DEFAULT_SCOPE,
            sector_identifier=sector_identifier,
            expires=not is_invited,
        )

    async def update(
        self, client: Client, body: ClientRegister, *, registration_token: str
    ) -> NewClient:
        """Replace the metadata of an authenticated client (RFC 7592 section 2.2).

        What the body names is fetched first, from a host that the client chose and that may take
        its time. Only then the client is read afresh, checked, and replaced if it is still what
        was checked.
        """
        _check_own(client, body)
        sector_identifier = await self._checked(body, is_invited=_is_invited(client))
        for _ in range(1 + MAXIMUM_RETRIES):
            found = await self._clients.find_by_registration_token(
                client.client_id, registration_token
            )
            if found is None:
                raise InvalidTokenError("The registration access token is not valid.")
            _check_own(found, body)
            _check_grants(body, is_invited=_is_invited(found))
            changed = await self._clients.update(
                found,
                body,
                scope=body.scope if body.scope is not None else DEFAULT_SCOPE,
                sector_identifier=sector_identifier,
            )
            if changed is not None:
                return changed
        raise InvalidClientMetadataError("The client was changed meanwhile; try again.")

    async def _checked(self, body: ClientRegister, *, is_invited: bool) -> str | None:
        _check(body)
        _check_grants(body, is_invited=is_invited)
        if "authorization_code" in body.grant_types and not body.all_redirect_uris:
            raise InvalidRedirectUriError("A redirect_uri is required.")
        self._check_application_type(body)
        if self._is_strict:
            self._check_fetched(body)
        return await self._sector_identifier(body)

    def _check_application_type(self, body: ClientRegister) -> None:
        """Registration section 2: web applications by https, native ones also on this computer."""
        is_native = body.application_type == "native"
        may_live_at = self._is_native_place if is_native else self._is_web_place
        if not all(may_live_at(urlsplit(uri)) for uri in body.all_redirect_uris):
            raise InvalidRedirectUriError(
                "A redirect_uri does not fit the application_type: web is https,"
                " native is http on this computer or a scheme with a domain in it."
            )

    def _is_web_place(self, parts: SplitResult) -> bool:
        if not self._is_strict:
            return parts.scheme in ("http", "https")
        is_here = parts.hostname in LOOPBACK_HOSTS and not self._outbound.is_allowed(parts.hostname)
        return parts.scheme == "https" and not is_here

    def _is_native_place(self, parts: SplitResult) -> bool:
        """A scheme without a domain in it could be another app's too (RFC 8252 section 8.4)."""
        if parts.scheme == "http":
            return is_loopback(parts.geturl())
        return parts.scheme == "https" or "." in parts.scheme or not self._is_strict

    def _check_fetched(self, body: ClientRegister) -> None:
        """Registration section 2: what we would fetch is fetched by https."""
        for uri in (body.jwks_uri, *(body.request_uris or ())):
            parts = urlsplit(uri or "")
            if parts.scheme == "http" and not self._outbound.is_allowed(parts.hostname):
                raise InvalidClientMetadataError("jwks_uri and request_uris must be https URLs.")

    async def _sector_identifier(self, body: AnyClient) -> str | None:
        """Core section 8.1: whose subjects are the same; None for public ones."""
        if body.sector_identifier_uri is not None:
            await self._check_sector(body.sector_identifier_uri, body.all_redirect_uris)
        if body.subject_type != "pairwise":
            return None
        if body.sector_identifier_uri is not None:
            return hostname_of(body.sector_identifier_uri)
        if isinstance(body, ClientRegister) and not set(body.grant_types) <= PROVE_THEIR_HOST:
            raise InvalidClientMetadataError(
                "Pairwise subjects with this grant type want a sector_identifier_uri."
            )
        hosts = {hostname_of(uri) or "" for uri in body.all_redirect_uris}
        if len(hosts) != 1 or "" in hosts:
            raise InvalidClientMetadataError(
                "Redirect URIs of several hosts or of an app want a sector_identifier_uri."
            )
        return hosts.pop()

    async def _check_sector(self, uri: str, redirect_uris: Collection[str]) -> None:
        try:
            fetched = await self._outbound.get(uri)
            listed = json.loads(fetched.body) if fetched.status == 200 else None
        except (FetchError, ValueError, RecursionError) as error:
            log.info("a sector_identifier_uri failed: %s", error)
            listed = None
        if not isinstance(listed, list) or not all(each in listed for each in redirect_uris):
            raise InvalidClientMetadataError(
                "The sector_identifier_uri does not list every redirect_uri."
            )


def _is_invited(client: Client) -> bool:
    """Whether a client registered with an initial access token, as far as its grants show."""
    return bool(ONLY_FOR_THE_INVITED & set(client.grant_types.split()))


def _check_grants(body: ClientRegister, *, is_invited: bool) -> None:
    if not is_invited and ONLY_FOR_THE_INVITED & set(body.grant_types):
        raise InvalidClientMetadataError(
            "The password and client_credentials grants want an initial access token."
        )


def _check_own(client: Client, body: ClientRegister) -> None:
    """An update names the client's own identifier and secret (RFC 7592 section 2.2)."""
    if body.client_id != client.client_id:
        raise InvalidClientMetadataError("The client_id must be the client's own.")
    if body.client_secret is not None and not digests_match(
        client.secret_digest, digest_of(body.client_secret)
    ):
        raise InvalidClientMetadataError("The client_secret must be the client's own.")


def _check(body: AnyClient) -> None:
    """What every client has to keep."""
    asked, method = set(body.grant_types), body.token_endpoint_auth_method
    if not asked <= GRANT_TYPES:
        raise InvalidClientMetadataError("A grant type is not supported.")
    if not set(body.response_types) <= set(RESPONSE_TYPES):
        raise InvalidClientMetadataError("A response type is not supported.")
    if method is not None and method not in AUTH_METHODS:
        raise InvalidClientMetadataError("The token_endpoint_auth_method is not supported.")
    if body.is_public and asked & NOT_FOR_PUBLIC_CLIENTS:
        raise InvalidClientMetadataError("A public client cannot use one of the grant types.")
    if method == "private_key_jwt" and body.jwks is None and body.jwks_uri is None:
        raise InvalidClientMetadataError("private_key_jwt wants jwks or jwks_uri.")
    for name, supported in ALGORITHM_MEMBERS.items():
        if getattr(body, name) not in (None, *supported):
            raise InvalidClientMetadataError(f"The {name} is not supported.")
    if any(name in (body.model_extra or {}) for name in ENCRYPTION_MEMBERS):
        raise InvalidClientMetadataError("Encrypted responses are not supported.")
    _check_frame(body)


def _check_frame(body: AnyClient) -> None:
    """Front-Channel Logout section 2: the page in the frame is where a redirect URI is."""
    uri = body.frontchannel_logout_uri
    if uri is not None and web_origin_of(uri) not in map(web_origin_of, body.all_redirect_uris):
        raise InvalidClientMetadataError(
            "The frontchannel_logout_uri must be on the origin of a redirect_uri."
        )
