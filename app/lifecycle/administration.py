"""The admin API and the console, whose modules are imported at the first request for one of them.

A server that files and commands administer never imports them.
"""

import asyncio
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from app.pages.admin.pages import ConsolePage

PATHS = ("/admin", "/admin/{rest:path}")


class Administration:
    """ASGI application at the paths of the admin API and the console, until they have routes."""

    def __init__(
        self,
        application: FastAPI,
        console_pages: "Sequence[ConsolePage] | None",
        *,
        is_enabled: bool,
    ) -> None:
        self._application = application
        self._console_pages = console_pages
        self._lock = threading.Lock()
        self._placeholders = [
            Route(path, self, include_in_schema=False) for path in (PATHS if is_enabled else ())
        ]
        application.router.routes.extend(self._placeholders)
        application.state.has_console = is_enabled

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.to_thread(self._add_routes)
        scope["path_params"] = {}
        await self._application.router(scope, receive, send)

    def models(self) -> Sequence[type[BaseModel]]:
        """Add the routes, and return the models of the admin API that FastAPI does not read."""
        self._add_routes()
        if not self._application.state.has_console:
            return ()
        from app.routers.admin.openapi import models_of
        from app.routers.admin.registry import ADMIN_ROUTERS

        return models_of(route for router in ADMIN_ROUTERS for route in router.routes)

    def _add_routes(self) -> None:
        """Import the routes and add them to the application, once."""
        with self._lock:
            if not self._placeholders:
                return
            from app.pages.admin.registry import CONSOLE_PAGES, install
            from app.routers.admin.registry import ADMIN_ROUTERS

            for router in ADMIN_ROUTERS:
                self._application.include_router(router)
            pages = self._console_pages
            install(self._application, CONSOLE_PAGES if pages is None else pages)
            for placeholder in self._placeholders:
                self._application.router.routes.remove(placeholder)
            self._placeholders.clear()
