"""Keep requests away from an application whose database is not ready yet."""

from collections.abc import Callable

from fastapi import FastAPI

from app.errors import DatabaseUnavailableError
from app.middleware.asgi import PosternApp
from app.pages.support import errors as pages_for_errors
from app.routers import operations
from app.routers.error_handlers import ErrorRenderer
from app.wiring import Services

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class Gate:
    """Switch between the application and a stand-in for it.

    While the gate is closed, every path but /health/live responds with 503, in the error format of
    that path.
    """

    def __init__(self, services: Services, errors: ErrorRenderer) -> None:
        self._services = services
        self._errors = errors
        self._open: Callable[[], None] | None = None

    def close(self, edge: PosternApp) -> None:
        self._open = edge.answer_by(self._stand_in())

    def open(self) -> None:
        if self._open is not None:
            self._open()

    def _stand_in(self) -> FastAPI:
        async def refuse() -> None:
            raise DatabaseUnavailableError

        application = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
        application.state.services = self._services
        application.add_api_route("/health/live", operations.check_live)
        application.add_api_route("/{path:path}", refuse, methods=METHODS)
        self._errors.install(application)
        pages_for_errors.install(application)
        return application
