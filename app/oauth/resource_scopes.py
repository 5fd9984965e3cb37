"""Scopes at resources (RFC 8707 section 2): of this server, or of one resource.

The same name at two resources is two scopes. A client may request all scopes of a resource that it
may request, within its policies; beside them, only scopes of this server that it registered.
"""

from collections.abc import Collection, Iterable, Sequence

from app.models.clients.clients import Client
from app.models.oauth.granted_resources import GrantedResources
from app.models.oauth.resources import Resource
from app.oauth.scopes import (
    IGNORED_UNLESS_REGISTERED,
    SCOPES,
    split_scope,
    wider_than_allowed,
)
from app.observability.logging import logger

log = logger(__name__)


def own_scope(scope: str) -> str:
    """Return the names in a scope that are scopes of this server.

    Nothing else counts at our own endpoints in a token that has an audience.
    """
    return " ".join(name for name in scope.split() if name in SCOPES)


def permitted_at(resource: Resource, names: Collection[str], *, client: Client) -> Sequence[str]:
    """Return which scopes of a resource the policies of a client allow, in a fixed order.

    None of them has the name of a scope of this server: that is reserved, and would open claims.
    """
    policies = client.policies_in_force
    allowed = policies.allowed_scopes if policies is not None else None
    return [
        scope.name
        for scope in resource.scopes
        if scope.name in names
        and scope.name not in SCOPES
        and (allowed is None or scope.name in allowed)
    ]


def narrow_at_resources(
    asked: str | None,
    *,
    client: Client,
    resources: Sequence[Resource],
    requires_known_name: bool,
) -> tuple[str, GrantedResources]:
    """Return the scope of this server and the scopes at each resource that a request gets.

    Without a scope, or without a known name in it where a user sees the result, that is what the
    resources give by default. Raises `InvalidScopeError`.
    """
    names = split_scope(asked) if asked is not None else []
    own = _own_names(names, client)
    at_resources = {
        resource.identifier: _names_at(resource, names, client) for resource in resources
    }
    known = {*own, *(name for each in at_resources.values() for name in each)}
    if not known and names and requires_known_name:
        raise wider_than_allowed("the requested scope has no known name at the resource")
    _log_ignored(names, known, client)
    if not known:
        at_resources = {
            resource.identifier: tuple(
                permitted_at(resource, resource.default_scopes, client=client)
            )
            for resource in resources
        }
    return " ".join(own), GrantedResources(at_resources)


def narrow_granted_at(asked: str, *, client: Client, resource: Resource, granted: str) -> str:
    """Return the part of the scope of a refreshed token that a request asks for.

    If it contains no known name, that is all of it. Raises `InvalidScopeError`.
    """
    names, had = split_scope(asked), granted.split()
    known = [name for name in names if name in resource.scopes_by_name or _is_ours(name, client)]
    _log_ignored(names, known, client)
    if not_granted := [name for name in known if name not in had]:
        raise wider_than_allowed(f"the scope {' '.join(not_granted)} was not granted")
    return " ".join(known) or granted


def _is_ours(name: str, client: Client) -> bool:
    return name in SCOPES and (
        name in client.allowed_scopes or name not in IGNORED_UNLESS_REGISTERED
    )


def _own_names(names: Iterable[str], client: Client) -> list[str]:
    own = [name for name in names if _is_ours(name, client)]
    if excess := [name for name in own if name not in client.allowed_scopes]:
        raise wider_than_allowed(
            f"the client did not register the scope {' '.join(excess)}, or its policies do not"
            " allow it"
        )
    return own


def _names_at(resource: Resource, names: Iterable[str], client: Client) -> tuple[str, ...]:
    known = [name for name in names if name in resource.scopes_by_name]
    permitted = permitted_at(resource, known, client=client)
    if excess := [name for name in known if name not in permitted]:
        raise wider_than_allowed(
            f"the policies of the client do not allow the scope {' '.join(excess)} of the resource"
            f" {resource.name}"
        )
    return tuple(permitted)


def _log_ignored(names: Iterable[str], known: Collection[str], client: Client) -> None:
    if unknown := [name for name in names if name not in known]:
        log.info(
            "ignoring scope names of client %s that are unknown at the resource: %s",
            client.client_id,
            " ".join(unknown),
        )
