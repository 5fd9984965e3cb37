"""What a page of the console declares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, params

from app.pages.admin.base import ConsoleRequestDep
from app.pages.admin.navigation import Section
from app.schemas.admin_scopes import AdminScope


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsolePage:
    """A page under `/admin/{place}`, with its link in the navigation.

    Reading it requires `scope`, which auditors have if it only reads. The `routers` are made by
    `console_router` for routes that only read, by `changes_router` for changes, and by
    `dangerous_router` for changes that need a recent sign-in. The one with `/{id}` is the last, so
    that it does not take the path of `NEW`.
    """

    place: str
    label: str
    section: Section
    scope: AdminScope
    routers: Sequence[APIRouter]

    def with_dependencies(self) -> Iterator[tuple[APIRouter, Sequence[params.Depends]]]:
        """Yield each router with the dependency that the page declares."""
        for router in self.routers:
            yield router, [Depends(_scope_required_by(self))]


def _scope_required_by(page: ConsolePage) -> Any:
    async def require_scope(request: ConsoleRequestDep) -> None:
        request.authority.require(page.scope)

    return require_scope
