"""Access to the admin API: by ADMIN_TOKEN, or an access token with the scope that is required."""

from typing import Annotated

from fastapi import Depends, Request, params
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from app.dependencies import ServicesDep, is_admin
from app.details import Detail
from app.errors import InvalidAccessTokenError, UnauthorizedError
from app.models.oauth.access_tokens import AccessToken
from app.oauth.errors import OAuth2Error
from app.observability import request_context
from app.schemas.admin_scopes import AdminScope
from app.security.tokens import TokenKind
from app.services.operations.audit import ANONYMOUS
from app.services.operations.audit_actions import ServerEvent
from app.services.operations.authority import FULL, Authority
from app.wiring import Core, Services

bearer = HTTPBearer(
    auto_error=False,
    scheme_name="AdminBearer",
    description="ADMIN_TOKEN, or an access token with the scope of the endpoint or `admin`.",
)
BearerDep = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


async def authorize(
    request: Request, services: ServicesDep, required: SecurityScopes, credentials: BearerDep
) -> Authority:
    """Return the authority of the caller, who holds the scope that the route requires."""
    core = services.core
    if is_admin(core, credentials):
        authority = FULL
    else:
        authority = await _authority_of_token(request, services, credentials)
    await core.limits.count_admin_request(request_context.actor() or "")
    for scope in required.scopes:
        authority.require(AdminScope(scope))
    return authority


def require(scope: AdminScope) -> params.Security:
    """Return the dependency of a route that requires a scope."""
    return params.Security(authorize, scopes=[scope.value])


async def _authority_of_token(
    request: Request, services: Services, credentials: HTTPAuthorizationCredentials | None
) -> Authority:
    values = request.headers.getlist("authorization")
    if credentials is None or len(values) != 1:
        raise UnauthorizedError(
            Detail.ADMIN_CREDENTIALS_REQUIRED, reason="the request has no bearer token"
        )
    try:
        token = await services.oauth.bearer_tokens.authenticate(
            values[0].encode("latin-1"), query=request.scope["query_string"]
        )
    except OAuth2Error as error:
        await _count_refusal(services.core, credentials.credentials)
        raise InvalidAccessTokenError(
            Detail.ADMIN_CREDENTIALS_INVALID, reason=error.reason
        ) from None
    request_context.act_as(_actor(token))
    return await services.oauth.admin_access.authority_of(token)


async def _count_refusal(core: Core, presented: str) -> None:
    """Count a wrong token; what may be a guess of ADMIN_TOKEN is also recorded."""
    await core.limits.count_admin_error()
    if not TokenKind.ACCESS_TOKEN.matches(presented):
        await core.audit.record(ServerEvent.ADMINISTRATOR_REFUSED, actor=ANONYMOUS, succeeded=False)


def _actor(token: AccessToken) -> str:
    if token.user_id is not None:
        return f"user:{token.user_id}"
    return f"client:{token.client_id}"
