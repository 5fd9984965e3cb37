"""The default resource of a client: what a request that names none is for.

Many clients never send `resource` (RFC 8707).
"""

from app.clock import Clock
from app.details import Detail
from app.errors import InvalidInputError, NotFoundError, StaleVersionError, require_version
from app.models.clients.clients import Client
from app.repositories.clients.clients import ClientRepository
from app.schemas.admin_scopes import AdminScope
from app.services.oauth.resources import ResourceService
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority


class DefaultResourceService:
    def __init__(
        self,
        *,
        client_repository: ClientRepository,
        resources: ResourceService,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._client_repository = client_repository
        self._resources = resources
        self._audit = audit
        self._clock = clock

    async def set(
        self,
        client_id: str,
        name: str | None,
        *,
        version: int | None = None,
        authority: Authority,
    ) -> Client:
        """Set the default resource of a client by its short name, or remove it.

        Raise `InvalidInputError` for a resource that the client may not request.
        """
        authority.require(AdminScope.CLIENTS_WRITE)
        before = await self._client_repository.find_registered(client_id, now=self._clock.now())
        if before is None:
            raise NotFoundError(Detail.CLIENT_UNKNOWN)
        authority.require_may_change(before)
        require_version(version, current=before.version)
        if name == before.default_resource:
            return before
        if name is not None:
            resource = await self._resources.get(name)
            if not (resource.may_be_requested_by(client_id) and before.allows_resource(name)):
                raise InvalidInputError(Detail.RESOURCE_NOT_ALLOWED, field="default_resource")
        after = before._replace(default_resource=name)
        event = self._audit.event(
            ServerEvent.CLIENT_DEFAULT_RESOURCE_CHANGED,
            client_id=client_id,
            before={"default_resource": before.default_resource},
            after={"default_resource": name},
        )
        if not await self._client_repository.change(before, after, event=event):
            raise StaleVersionError
        return after._replace(version=before.version + 1)
