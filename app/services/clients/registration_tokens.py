"""Registration access tokens (RFC 7592 section 3), as administrators issue and revoke them."""

from app.clock import Clock
from app.details import Detail
from app.errors import NotFoundError, StaleVersionError
from app.models.clients.clients import Client
from app.models.operations.audit_outbox import NewEvent
from app.repositories.clients.clients import ClientRepository
from app.schemas.admin_scopes import AdminScope
from app.security.tokens import TokenKind, digest_of, new_token
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority


class RegistrationTokenService:
    """A client with such a token changes and deletes itself, within the rules of `/register`."""

    def __init__(
        self, *, client_repository: ClientRepository, audit: AuditLog, clock: Clock
    ) -> None:
        self._client_repository = client_repository
        self._audit = audit
        self._clock = clock

    async def issue(self, client_id: str, *, authority: Authority) -> str:
        """Issue a token to a client; an earlier one is revoked."""
        before = await self._get(client_id, authority)
        token = new_token(TokenKind.REGISTRATION_TOKEN)
        after = before._replace(registration_token_digest=digest_of(token))
        await self._store(
            before, after, self._event(ServerEvent.REGISTRATION_TOKEN_ISSUED, before, after)
        )
        return token

    async def revoke(self, client_id: str, *, authority: Authority) -> bool:
        """Revoke the token of a client; return False if it has none."""
        before = await self._get(client_id, authority)
        if before.registration_token_digest is None:
            return False
        after = before._replace(registration_token_digest=None)
        await self._store(
            before, after, self._event(ServerEvent.REGISTRATION_TOKEN_REVOKED, before, after)
        )
        return True

    async def _get(self, client_id: str, authority: Authority) -> Client:
        authority.require(AdminScope.CLIENTS_WRITE)
        client = await self._client_repository.find_registered(client_id, now=self._clock.now())
        if client is None:
            raise NotFoundError(Detail.CLIENT_UNKNOWN)
        authority.require_may_change(client)
        return client

    def _event(self, action: ServerEvent, before: Client, after: Client) -> NewEvent:
        return self._audit.event(
            action,
            client_id=before.client_id,
            before={"has_registration_token": before.registration_token_digest is not None},
            after={"has_registration_token": after.registration_token_digest is not None},
        )

    async def _store(self, before: Client, after: Client, event: NewEvent) -> None:
        if not await self._client_repository.change(before, after, event=event):
            raise StaleVersionError
