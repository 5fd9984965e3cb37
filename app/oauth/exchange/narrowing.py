"""Scopes of exchanged tokens: those of the subject token that the target has, and never others."""

from collections.abc import Collection

from app.models.clients.clients import Client
from app.models.oauth.granted_resources import GrantedResources
from app.models.oauth.resources import Resource
from app.oauth.exchange.presented import PresentedToken
from app.oauth.resource_scopes import own_scope, permitted_at
from app.oauth.scopes import (
    IGNORED_UNLESS_REGISTERED,
    OFFLINE_ACCESS,
    SCOPES,
    split_scope,
    wider_than_allowed,
)
from app.oauth.token_grants import TokenGrant, grant_without_resource


def narrowed_to(
    resource: Resource, subject: PresentedToken, client: Client, *, asked: str | None
) -> TokenGrant:
    """Return the grant of a token for a resource, with no scope that the subject token lacks.

    What the request asks for must be allowed entirely; without a scope, it gets all that is left.
    Unknown names are ignored beside known ones. There is no refresh token, and so no
    `offline_access`. Raises `InvalidScopeError` or `InvalidTargetError`.
    """
    return narrowed_within(subject.scopes_at(resource), resource, client, asked=asked)


def narrowed_within(
    held: Collection[str], resource: Resource | None, client: Client, *, asked: str | None
) -> TokenGrant:
    """Do the same for the names of the scopes that the presented token holds at a resource."""
    own = [name for name in SCOPES if name in held and name in client.allowed_scopes]
    at_resource = permitted_at(resource, held, client=client) if resource is not None else ()
    allowed = [name for name in (*own, *at_resource) if name != OFFLINE_ACCESS]
    if asked is not None:
        known = [name for name in split_scope(asked) if _is_known(name, resource, client)]
        if not known:
            raise wider_than_allowed("the requested scope has no known name at the resource")
        if excess := [name for name in known if name not in allowed and name != OFFLINE_ACCESS]:
            raise wider_than_allowed(
                f"the subject token does not have the scope {' '.join(excess)}, or the client may"
                " not have it"
            )
        allowed = [name for name in allowed if name in known]
    if resource is None:
        return grant_without_resource(" ".join(allowed))
    scope = " ".join(allowed)
    names_at_resource = tuple(name for name in allowed if name not in SCOPES)
    return TokenGrant(
        scope=scope,
        resource=resource,
        scope_of_family=own_scope(scope),
        resources=GrantedResources({resource.identifier: names_at_resource}).stored(),
    )


def _is_known(name: str, resource: Resource | None, client: Client) -> bool:
    if resource is not None and name in resource.scopes_by_name:
        return True
    if name in client.allowed_scopes:
        return True
    return name in SCOPES and name not in IGNORED_UNLESS_REGISTERED
