"""Client registration (RFC 7591), management (RFC 7592), and creation by administrators."""

from app.errors import InvalidInputError
from app.models.clients.clients import Client
from app.oauth.client_metadata import (
    ClientRules,
    registered_scope,
    require_no_admin_scope,
    without_repetition,
)
from app.oauth.descriptions import Description
from app.oauth.errors import (
    InvalidClientMetadataError,
    InvalidRedirectUriError,
    InvalidTokenError,
    OAuth2Error,
)
from app.oauth.sectors import Sectors
from app.oauth.supported_metadata import SupportedMetadata
from app.outbound.http import OutboundHttp
from app.schemas.clients import ClientCreate, ClientCreated
from app.schemas.registration import ClientRegister
from app.services.clients.clients import ClientService, NewClient
from app.services.clients.fapi import FapiProfile

MAXIMUM_RETRIES = 3
"""How often an update is retried after a concurrent change of the client."""


class ClientRegistration:
    """Registration of clients; `is_strict` is for production, where web clients must use https."""

    def __init__(
        self,
        *,
        clients: ClientService,
        outbound: OutboundHttp,
        supported: SupportedMetadata,
        fapi: FapiProfile,
        is_strict: bool,
    ) -> None:
        self._clients = clients
        self._rules = ClientRules(outbound, supported=supported, fapi=fapi, is_strict=is_strict)
        self._rules_for_imports = ClientRules(
            outbound, supported=supported, fapi=fapi, is_strict=True
        )
        self._sectors = Sectors(outbound)

    async def create(self, body: ClientCreate) -> ClientCreated:
        """Create a client for an administrator; raises `InvalidInputError`."""
        require_no_admin_scope(body.scope)
        try:
            self._rules.check(body, before=None)
            sector_identifier = await self._sectors.identifier_of(body)
        except OAuth2Error as error:
            raise InvalidInputError(str(error.description), error=str(error.error)) from None
        body = self._rules.without_unreachable_logos(body)
        return await self._clients.create(
            body,
            has_secret=self._rules.has_secret(body),
            sector_identifier=sector_identifier,
        )

    def check_imported(self, body: ClientCreate) -> None:
        """Check the metadata of a client of another server, always as strictly as in production.

        Raises `InvalidInputError`.
        """
        try:
            self._rules_for_imports.check(body, before=None)
        except OAuth2Error as error:
            raise InvalidInputError(str(error.description), error=str(error.error)) from None

    async def register(self, body: ClientRegister, *, is_invited: bool) -> NewClient:
        """Register a client.

        Without an invitation, a client cannot register a grant that is not open to strangers
        (CONTRACT), and its registration expires unless it is used. Raises
        `InvalidClientMetadataError` or `InvalidRedirectUriError`.
        """
        body, sector_identifier = await self._checked(body, before=None, is_invited=is_invited)
        return await self._clients.register(
            body,
            has_secret=self._rules.has_secret(body),
            scope=registered_scope(body),
            sector_identifier=sector_identifier,
            expires=not is_invited,
        )

    async def update(
        self, client: Client, body: ClientRegister, *, registration_token: str
    ) -> NewClient:
        """Replace the metadata of an authenticated client (RFC 7592 section 2.2).

        The documents that the body refers to are fetched first, since they are on hosts that the
        client chose and that may be slow. Only then is the client read again, checked, and replaced
        if it has not changed since the check.
        """
        self._check_own(client, body)
        _, sector_identifier = await self._checked(
            without_repetition(client, body), before=client, is_invited=self._is_invited(client)
        )
        for _ in range(1 + MAXIMUM_RETRIES):
            current = await self._clients.find_by_registration_token(
                client.client_id, registration_token
            )
            if current is None:
                raise InvalidTokenError(Description.REGISTRATION_TOKEN_INVALID)
            self._check_own(current, body)
            accepted = self._accepted(
                without_repetition(current, body),
                before=current,
                is_invited=self._is_invited(current),
            )
            changed = await self._clients.update(
                current,
                accepted,
                has_secret=self._rules.has_secret(accepted),
                scope=registered_scope(body, known=current.scopes),
                sector_identifier=sector_identifier,
            )
            if changed is not None:
                return changed
        raise InvalidClientMetadataError(Description.CLIENT_CHANGED_CONCURRENTLY)

    async def _checked(
        self, body: ClientRegister, *, before: Client | None, is_invited: bool
    ) -> tuple[ClientRegister, str | None]:
        """Return the accepted metadata and its sector, for which a document may be fetched."""
        body = self._accepted(body, before=before, is_invited=is_invited)
        return body, await self._sectors.identifier_of(body)

    def _accepted(
        self, body: ClientRegister, *, before: Client | None, is_invited: bool
    ) -> ClientRegister:
        body = self._rules.without_unsupported(body)
        self._rules.check_grants(body, is_invited=is_invited)
        if "authorization_code" in body.grant_types and not body.all_redirect_uris:
            raise InvalidRedirectUriError(Description.REDIRECT_URI_REQUIRED)
        self._rules.check(body, before=before)
        return self._rules.without_unreachable_logos(body)

    def _is_invited(self, client: Client) -> bool:
        """Return whether a client registered with an initial access token.

        This is inferred from its grants.
        """
        return self._rules.are_restricted(client.grant_types.split())

    def _check_own(self, client: Client, body: ClientRegister) -> None:
        """Require the client's own identifier and secret in an update (RFC 7592 section 2.2)."""
        if body.client_id != client.client_id:
            raise InvalidClientMetadataError(Description.CLIENT_ID_DIFFERS)
        if body.client_secret is not None and not self._clients.is_secret_of(
            client, body.client_secret
        ):
            raise InvalidClientMetadataError(Description.CLIENT_SECRET_DIFFERS)
