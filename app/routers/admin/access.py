"""Access to the admin API: by ADMIN_TOKEN, or an access token with the scope that is required.

An access token that is bound to a key comes with a proof of it (RFC 9449).
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Request, params
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer, SecurityScopes

from app.dependencies import ServicesDep, is_admin
from app.details import Detail
from app.errors import InvalidAccessTokenError, UnauthorizedError
from app.middleware.http import CLIENT_CERTIFICATE
from app.models.oauth.access_tokens import AccessToken
from app.oauth.bearer import Accepts
from app.oauth.descriptions import Description
from app.oauth.dpop.confirmation import bound_key
from app.oauth.dpop.errors import DpopError, InvalidDpopProofError
from app.oauth.dpop.proofs import PresentedProof
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
    description="ADMIN_TOKEN, or an access token with the scope of the endpoint or `admin`. A token"
    " that is bound to a key needs the scheme DPoP and a proof (RFC 9449).",
)
BearerDep = Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]


class RefusedProofError(UnauthorizedError):
    """A refused DPoP proof, or one without a nonce (RFC 9449 sections 7.1 and 9)."""

    def __init__(self, refused: DpopError) -> None:
        super().__init__(str(refused.description), error=str(refused.error), reason=refused.reason)
        self._headers = dict(refused.extra_headers())

    def headers(self) -> dict[str, str]:
        return self._headers


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
    scheme, _, presented = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    if not presented or (credentials is None and scheme.lower() != "dpop"):
        raise UnauthorizedError(
            Detail.ADMIN_CREDENTIALS_REQUIRED, reason="the request has no bearer token"
        )
    try:
        token = await services.oauth.bearer_tokens.authenticate(
            values[0].encode("latin-1"),
            accepts=Accepts.NO_AUDIENCE,
            query=request.scope["query_string"],
            proof=_presented_proof(request, services.oauth.bearer_tokens.proof_algorithms),
            certificate=request.scope.get(CLIENT_CERTIFICATE),
        )
    except DpopError as error:  # no guess of a token: the token was found
        raise RefusedProofError(error) from None
    except OAuth2Error as error:
        await _count_refusal(services.core, presented)
        raise InvalidAccessTokenError(
            Detail.ADMIN_CREDENTIALS_INVALID, reason=error.reason
        ) from None
    request_context.act_as(_actor(token))
    if bound_key(token.confirmation) is not None:
        algorithms = services.core.fapi.proof_algorithms(token.policies)
        request.state.proof_algorithms = algorithms
    return await services.oauth.admin_access.authority_of(token)


def _presented_proof(request: Request, algorithms: Sequence[str]) -> PresentedProof:
    headers = request.headers.getlist("dpop")
    if len(headers) > 1:
        raise InvalidDpopProofError(Description.SEVERAL_DPOP_HEADERS, algorithms=algorithms)
    header = headers[0].encode("latin-1") if headers else None
    return PresentedProof(header, request.method, request.scope["raw_path"].decode("latin-1"))


async def _count_refusal(core: Core, presented: str) -> None:
    """Count a wrong token; what may be a guess of ADMIN_TOKEN is also recorded."""
    await core.limits.count_admin_error()
    if not TokenKind.ACCESS_TOKEN.matches(presented):
        await core.audit.record(ServerEvent.ADMINISTRATOR_REFUSED, actor=ANONYMOUS, succeeded=False)


def _actor(token: AccessToken) -> str:
    if token.user_id is not None:
        return f"user:{token.user_id}"
    return f"client:{token.client_id}"
