"""Clients of administrators, under the rules for client metadata of the standards."""

from collections.abc import Mapping
from typing import Any

from app.errors import InvalidInputError
from app.models.clients.clients import Client
from app.oauth.client_metadata import ClientRules, require_no_admin_scope
from app.oauth.errors import OAuth2Error
from app.oauth.sectors import Sectors
from app.oauth.supported_metadata import SupportedMetadata
from app.outbound.http import OutboundHttp
from app.schemas.clients import ClientCreate, ClientWithoutName
from app.services.clients.administration import CheckedMetadata, ClientAdministration
from app.services.clients.clients import NewClient
from app.services.clients.fapi import FapiProfile
from app.services.clients.stated_clients import stated_members
from app.services.operations.authority import Authority


class AdministeredClients:
    """Creation and changes by administrators; `is_strict` is for production."""

    def __init__(
        self,
        *,
        administration: ClientAdministration,
        outbound: OutboundHttp,
        supported: SupportedMetadata,
        fapi: FapiProfile,
        is_strict: bool,
    ) -> None:
        self._administration = administration
        self._rules = ClientRules(outbound, supported=supported, fapi=fapi, is_strict=is_strict)
        self._sectors = Sectors(outbound)

    async def create(
        self,
        body: ClientCreate,
        *,
        client_id: str | None = None,
        secret: str | None = None,
        authority: Authority,
    ) -> NewClient:
        """Create a client; raise `InvalidInputError` or `ConflictError`."""
        return await self._administration.create(
            await self.check(body), client_id=client_id, secret=secret, authority=authority
        )

    async def change(
        self, before: Client, body: ClientCreate, *, authority: Authority
    ) -> NewClient:
        """Replace the metadata of a client; raise `InvalidInputError` or `StaleVersionError`."""
        checked = await self.check(body, before=before)
        return await self._administration.change(before, checked, authority=authority)

    async def check(self, body: ClientCreate, *, before: Client | None = None) -> CheckedMetadata:
        """Check the metadata of a new client, or the new metadata of a client.

        This may fetch the document of a sector. Raise `InvalidInputError` for what the standards or
        this server do not allow.
        """
        require_no_admin_scope(body.scope, known=before.scopes if before is not None else ())
        try:
            self._rules.check(body, before=before)
            sector_identifier = await self._sectors.identifier_of(body)
        except OAuth2Error as error:
            raise InvalidInputError(str(error.description), error=str(error.error)) from None
        return CheckedMetadata(self.stored(body), self._rules.has_secret(body), sector_identifier)

    def stored(self, body: ClientCreate) -> ClientCreate:
        """Return the metadata without what is never stored."""
        return self._rules.without_unreachable_logos(body)


def merged_members(client: Client, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a client with changes, where None removes a member."""
    members = {**stated_members(client), **changes}
    return {name: value for name, value in members.items() if value is not None}


def body_type_of(client: Client, members: Mapping[str, Any]) -> type[ClientCreate]:
    """Return the type of a change: a client without a name may remain without one."""
    has_name = bool(client.client_name or members.get("client_name"))
    return ClientCreate if has_name else ClientWithoutName
