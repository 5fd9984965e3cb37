"""Dependencies of the routes."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.errors import UnauthorizedError
from app.observability import request_context
from app.security.comparison import texts_match
from app.services.operations.audit import ANONYMOUS
from app.wiring import Services

admin_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="AdminToken",
    description="ADMIN_TOKEN. Required if registration is closed, as in production.",
)
ADMINISTRATOR = "administrator"
AdminBearerDep = Annotated[HTTPAuthorizationCredentials | None, Security(admin_bearer)]


async def get_services(request: Request) -> Services:
    """Return the services. Async, since FastAPI runs synchronous dependencies in a thread."""
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(get_services)]


async def require_open_registration(services: ServicesDep, bearer: AdminBearerDep) -> None:
    """Require the administrator's token unless users may register themselves."""
    if not services.settings.registration_is_open:
        await _require_admin(services, bearer)


async def require_open_client_creation(services: ServicesDep, bearer: AdminBearerDep) -> None:
    """Require the administrator's token unless anyone may create clients.

    In production, only the administrator may.
    """
    if not services.settings.client_creation_is_open:
        await _require_admin(services, bearer)


async def count_registration(
    services: Services, bearer: HTTPAuthorizationCredentials | None
) -> None:
    """Count a registration unless the administrator makes it.

    Raises `TooManyRequestsError`.
    """
    if not is_admin(services, bearer):
        await services.limits.count_registration()


def is_admin(services: Services, bearer: HTTPAuthorizationCredentials | None) -> bool:
    """Return whether the request has the administrator's token.

    If it has, the audit log attributes the request to the administrator.
    """
    expected = services.settings.admin_token
    token = bearer.credentials if bearer is not None else ""
    is_administrator = expected is not None and texts_match(token, expected.get_secret_value())
    if is_administrator:
        request_context.act_as(ADMINISTRATOR)
    return is_administrator


async def _require_admin(services: Services, bearer: HTTPAuthorizationCredentials | None) -> None:
    if is_admin(services, bearer):
        return
    if bearer is not None:
        await services.limits.count_admin_error()
        await services.audit.record("administrator.refused", actor=ANONYMOUS, succeeded=False)
    reason = (
        "the bearer token is not ADMIN_TOKEN"
        if bearer is not None
        else ("the request has no bearer token")
    )
    raise UnauthorizedError(
        ("This endpoint requires the administrator's token. Send it as a bearer token."),
        reason=reason,
    )
