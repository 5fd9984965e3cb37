"""Consents of users to a client, as administrators list and revoke them."""

from collections.abc import Sequence

from app.clock import Clock
from app.details import Detail
from app.errors import NotFoundError
from app.repositories.clients.consents import ConsentRepository, NamedConsent
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.events import AccountEvent
from app.services.operations.audit import AuditLog
from app.services.operations.authority import Authority


class ClientConsentService:
    def __init__(
        self, *, consent_repository: ConsentRepository, audit: AuditLog, clock: Clock
    ) -> None:
        self._consent_repository = consent_repository
        self._audit = audit
        self._clock = clock

    async def list_page(
        self, client_id: str, *, after: str = "", limit: int
    ) -> Sequence[NamedConsent]:
        """Return a page of consents, ordered by the id of the user."""
        return await self._consent_repository.list_of_client(client_id, after=after, limit=limit)

    async def revoke(self, client_id: str, user_id: str, *, authority: Authority) -> None:
        """Revoke the consent of a user, with the tokens that the client has for them.

        Raise `NotFoundError` if there is neither, and `FullAdministratorRequiredError` for a user
        with a reserved role, unless the caller is a full administrator.
        """
        authority.require(AdminScope.CLIENTS_WRITE)
        event = self._audit.event(
            AccountEvent.CONSENT_REVOKED, user_id=user_id, client_id=client_id
        )
        is_revoked = await self._consent_repository.revoke(
            user_id, client_id, is_full=authority.is_full, now=self._clock.now(), event=event
        )
        if not is_revoked:
            raise NotFoundError(Detail.CONSENT_UNKNOWN)
