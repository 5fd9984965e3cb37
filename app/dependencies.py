"""Dependencies of the routes: the bundle that a route needs, and who may call it."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.details import Detail
from app.errors import UnauthorizedError
from app.observability import request_context
from app.security.comparison import texts_match
from app.services.operations.audit import ANONYMOUS
from app.services.operations.audit_actions import ServerEvent
from app.wiring import (
    Accounts,
    Clients,
    Core,
    Factors,
    Federation,
    OAuth,
    Operations,
    Services,
)

admin_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="AdminToken",
    description="ADMIN_TOKEN. Required if registration is closed, as in production.",
)
ADMIN_TOKEN = "admin-token"
"""The actor of what is done with ADMIN_TOKEN."""
AdminBearerDep = Annotated[HTTPAuthorizationCredentials | None, Security(admin_bearer)]


def _services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


# These are async, since FastAPI runs synchronous dependencies in a thread.
async def get_services(request: Request) -> Services:
    return _services_of(request)


async def get_core(request: Request) -> Core:
    return _services_of(request).core


async def get_accounts(request: Request) -> Accounts:
    return _services_of(request).accounts


async def get_factors(request: Request) -> Factors:
    return _services_of(request).factors


async def get_federation(request: Request) -> Federation:
    return _services_of(request).federation


async def get_clients(request: Request) -> Clients:
    return _services_of(request).clients


async def get_oauth(request: Request) -> OAuth:
    return _services_of(request).oauth


async def get_operations(request: Request) -> Operations:
    return _services_of(request).operations


ServicesDep = Annotated[Services, Depends(get_services)]
CoreDep = Annotated[Core, Depends(get_core)]
AccountsDep = Annotated[Accounts, Depends(get_accounts)]
FactorsDep = Annotated[Factors, Depends(get_factors)]
FederationDep = Annotated[Federation, Depends(get_federation)]
ClientsDep = Annotated[Clients, Depends(get_clients)]
OAuthDep = Annotated[OAuth, Depends(get_oauth)]
OperationsDep = Annotated[Operations, Depends(get_operations)]


async def openapi_document(application: FastAPI) -> Mapping[str, Any]:
    """Return `/openapi.json`, which is generated in a thread when it is first needed."""
    if application.openapi_schema is not None:
        return application.openapi_schema
    document: Mapping[str, Any] = await application.state.generate_document("")
    return document


async def require_open_registration(core: CoreDep, bearer: AdminBearerDep) -> None:
    """Require the administrator's token unless users may register themselves."""
    if not core.registration_policy.is_open_to_users:
        await _require_admin(core, bearer)


async def require_open_client_creation(core: CoreDep, bearer: AdminBearerDep) -> None:
    """Require the administrator's token unless anyone may create clients.

    In production, only the administrator may.
    """
    if not core.registration_policy.is_open_to_clients:
        await _require_admin(core, bearer)


async def count_registration(core: Core, bearer: HTTPAuthorizationCredentials | None) -> None:
    """Count a registration unless the administrator makes it.

    Raises `TooManyRequestsError`.
    """
    if not is_admin(core, bearer):
        await core.limits.count_registration()


def is_admin(core: Core, bearer: HTTPAuthorizationCredentials | None) -> bool:
    """Return whether the request has the administrator's token.

    If it has, the audit log attributes the request to the administrator.
    """
    expected = core.settings.admin_token
    token = bearer.credentials if bearer is not None else ""
    is_administrator = expected is not None and texts_match(token, expected.get_secret_value())
    if is_administrator:
        request_context.act_as(ADMIN_TOKEN)
    return is_administrator


async def _require_admin(core: Core, bearer: HTTPAuthorizationCredentials | None) -> None:
    if is_admin(core, bearer):
        return
    if bearer is not None:
        await core.limits.count_admin_error()
        await core.audit.record(ServerEvent.ADMINISTRATOR_REFUSED, actor=ANONYMOUS, succeeded=False)
    reason = (
        "the bearer token is not ADMIN_TOKEN"
        if bearer is not None
        else ("the request has no bearer token")
    )
    raise UnauthorizedError(
        Detail.ADMINISTRATOR_REQUIRED,
        reason=reason,
    )
