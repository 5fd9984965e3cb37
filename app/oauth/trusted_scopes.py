"""What a JWT of a trusted issuer gets at most: the scopes and resources of its row."""

from dataclasses import replace

from app.models.oauth.resources import Resource
from app.models.oauth.trusted_issuers import TrustedIssuer
from app.oauth.errors import InvalidTargetError
from app.oauth.resource_scopes import own_scope
from app.oauth.scopes import wider_than_allowed
from app.oauth.token_grants import TokenGrant


def bounded(grant: TokenGrant, row: TrustedIssuer, *, asked: str | None) -> TokenGrant:
    """Return a grant within what a row allows.

    What a request asks for must be allowed entirely; what it gets by default is narrowed. Raises
    `InvalidTargetError` or `InvalidScopeError`.
    """
    require_resource_of(row, grant.resource)
    allowed = scopes_of(row, grant.resource)
    names = grant.scope.split()
    excess = [name for name in names if name not in allowed]
    if asked is not None and excess:
        raise wider_than_allowed(
            f"the issuer {row.name} does not allow the scope {' '.join(excess)}"
        )
    scope = " ".join(name for name in names if name in allowed)
    if grant.resource is None:
        return replace(grant, scope=scope)
    return replace(grant, scope=scope, scope_of_family=own_scope(scope), resources=None)


def require_resource_of(row: TrustedIssuer, resource: Resource | None) -> None:
    """Require a row to allow tokens for a resource; raises `InvalidTargetError`."""
    if resource is not None and resource.name not in row.resource_names.split():
        raise InvalidTargetError(
            reason=f"the issuer {row.name} does not allow the resource {resource.name}: create it"
            f" with `--resource {resource.name}`"
        )


def scopes_of(row: TrustedIssuer, resource: Resource | None) -> frozenset[str]:
    """Return the scopes that a row allows, with those of a resource that they imply."""
    names = frozenset(row.scopes.split())
    return names if resource is None else names | resource.with_implied(names)
