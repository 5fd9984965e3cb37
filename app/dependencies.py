"""What a route may ask for."""

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from app.errors import UnauthorizedError
from app.security.comparison import texts_match
from app.wiring import Services

AdminToken = HTTPBearer(
    auto_error=False,
    scheme_name="AdminToken",
    description="ADMIN_TOKEN; wanted where registration is closed, as it is in production.",
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(AdminToken)]


def get_services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


ServicesDep = Annotated[Services, Depends(get_services)]


def registration_allowed(services: ServicesDep, credentials: Credentials) -> None:
    """People may register themselves, or the administrator does it."""
    if not services.settings.registration_is_open:
        _require_admin(services, credentials)


def client_creation_allowed(services: ServicesDep, credentials: Credentials) -> None:
    """In production only the administrator creates clients."""
    if services.settings.is_production:
        _require_admin(services, credentials)


def _require_admin(services: Services, credentials: HTTPAuthorizationCredentials | None) -> None:
    expected = services.settings.admin_token
    given = credentials.credentials if credentials is not None else ""
    if expected is None or not texts_match(given, expected.get_secret_value()):
        raise UnauthorizedError("The administrator's token is required here.")
