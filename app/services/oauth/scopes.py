"""The catalogue of scopes, as administrators manage it.

It holds the text of a scope for the consent page, and its name for discovery. A client may register
any other scope, too.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.clock import Clock
from app.details import Detail
from app.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    StaleVersionError,
    require_version,
)
from app.models.accounts.groups import MANUAL
from app.models.oauth.scopes import Scope
from app.repositories.oauth.scopes import ScopeRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.scopes import ScopeBody
from app.services.operations.audit import AuditLog
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import Authority

WRITE = AdminScope.SCOPES_WRITE
MAXIMUM_SCOPES = 500
"""All scopes are read at once."""


class ScopeService:
    """Scopes of the catalogue. `reserved` are the names that have a meaning of their own."""

    def __init__(
        self,
        *,
        scope_repository: ScopeRepository,
        reserved: Collection[str],
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._scope_repository = scope_repository
        self._reserved = frozenset(reserved)
        self._audit = audit
        self._clock = clock

    async def create(self, body: ScopeBody, *, owner: str = MANUAL, authority: Authority) -> Scope:
        """Store a scope; raise `ConflictError` if its name is taken."""
        authority.require(WRITE)
        if body.name in self._reserved:
            raise InvalidInputError(Detail.SCOPE_NAME_RESERVED, field="name")
        if len(await self.list_all()) >= MAXIMUM_SCOPES:
            raise ConflictError(Detail.TOO_MANY_SCOPES)
        scope = Scope(owner=owner, version=1, created_at=self._clock.now(), **_stored_values(body))
        event = self._audit.event(
            ServerEvent.SCOPE_CREATED, name=scope.name, after=shown_scope(scope)
        )
        if not await self._scope_repository.add(scope, event=event):
            raise ConflictError(Detail.SCOPE_NAME_TAKEN, field="name")
        return scope

    async def change(
        self,
        name: str,
        body: ScopeBody,
        *,
        owner: str | None = None,
        version: int | None = None,
        authority: Authority,
    ) -> Scope:
        """Replace the texts of a scope. Its name stays, since clients registered it."""
        authority.require(WRITE)
        before = await self.get(name)
        require_version(version, current=before.version)
        if body.name != name:
            raise InvalidInputError(Detail.SCOPE_KEEPS_NAME, field="name")
        after = replace(before, owner=owner or before.owner, **_stored_values(body))
        if after == before:
            return before
        event = self._audit.event(
            ServerEvent.SCOPE_CHANGED,
            name=name,
            before=shown_scope(before),
            after=shown_scope(after),
        )
        if not await self._scope_repository.change(before, after, event=event):
            raise StaleVersionError
        return replace(after, version=before.version + 1)

    async def delete(self, name: str, *, version: int | None = None, authority: Authority) -> None:
        """Remove a scope from the catalogue; clients keep what they registered."""
        authority.require(WRITE)
        before = await self.get(name)
        require_version(version, current=before.version)
        event = self._audit.event(ServerEvent.SCOPE_DELETED, name=name, before=shown_scope(before))
        if not await self._scope_repository.delete(before, event=event):
            raise StaleVersionError

    async def get(self, name: str) -> Scope:
        """Return a scope; raise `NotFoundError` if the catalogue has none of this name."""
        for scope in await self.list_all():
            if scope.name == name:
                return scope
        raise NotFoundError(Detail.SCOPE_UNKNOWN)

    async def list_all(self) -> Sequence[Scope]:
        return await self._scope_repository.list_all()


def shown_scope(scope: Scope) -> Mapping[str, Any]:
    """Return what the audit log says about a scope."""
    return {
        "description": scope.description,
        "translations": scope.texts,
        "owner": scope.owner,
    }


def _stored_values(body: ScopeBody) -> dict[str, Any]:
    translations = json.dumps(dict(body.translations), ensure_ascii=False, sort_keys=True)
    return {"name": body.name, "description": body.description, "translations": translations}
