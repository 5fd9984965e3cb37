"""Scope (RFC 6749 section 3.3): narrowed to what is registered or granted, never widened."""

from collections.abc import Collection
from functools import lru_cache

from authlib.oauth2.rfc6749 import scope_to_list

from app.models.clients.clients import Client
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidScopeError
from app.observability.logging import logger
from app.schemas.claim_names import GROUPS, ROLES
from app.security.text import is_scope

log = logger(__name__)

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"
SCOPES = {
    OPENID: "Your identity",
    "profile": "Your name",
    "email": "Your email address",
    "address": "Your postal address",
    "phone": "Your phone number",
    OFFLINE_ACCESS: "Your data, even while you're away",
    GROUPS: "The groups you belong to",
    ROLES: "Your roles",
}
"""The scopes that this server supports, each with a text for the consent page."""
NOT_BY_DEFAULT = frozenset({OPENID, OFFLINE_ACCESS, GROUPS, ROLES})
"""Scopes that a request of a user without a scope does not get."""
NOT_BY_DEFAULT_WITHOUT_USER = NOT_BY_DEFAULT - {GROUPS, ROLES}
"""Some clients registered a scope of their own named so: they go on getting it by default."""
IGNORED_UNLESS_REGISTERED = frozenset({GROUPS, ROLES})
"""Scopes that are ignored like unknown ones if the client did not register them: clients of other
servers ask for them by default."""


def narrow_scope(asked: str | None, *, client: Client, requires_known_name: bool) -> str:
    """Return the scope to grant to a client: the requested one, if it is allowed entirely.

    That is the scope that the client registered and that its policies allow.

    Unknown names are ignored. If none is left, the client gets the default scope, as if it had
    requested none; with `requires_known_name` the request is refused instead: without a user who
    sees the result, a misspelt scope must not widen a token. A scope of the admin API is granted if
    an administrator listed it for the client, but never by default. Raises `InvalidScopeError`.
    """
    listed = client.listed_admin_scopes
    if asked is None:
        ordinary = NOT_BY_DEFAULT_WITHOUT_USER if requires_known_name else NOT_BY_DEFAULT
        return default_scope(client.allowed_scope, leaving_out=ordinary | listed.keys())
    allowed = " ".join((client.allowed_scope, *listed)) if listed else client.allowed_scope
    if (scope := _registered_part(asked, allowed)) is not None:
        return scope
    names = known_names(asked, client=client)
    if not names and not requires_known_name:
        return default_scope(client.allowed_scope, leaving_out=NOT_BY_DEFAULT | listed.keys())
    if not names:
        raise wider_than_allowed("the requested scope has no known name")
    if not client.grantable_scopes.issuperset(names):
        excess = " ".join(name for name in names if name not in client.grantable_scopes)
        raise wider_than_allowed(
            f"the client did not register the scope {excess}, or its policies do not allow it"
        )
    return " ".join(names)


def narrow_granted_scope(asked: str, *, client: Client, granted: str) -> str:
    """Return the part of a granted scope that a refresh requests (RFC 6749 section 6).

    If the request contains no known name, that is the whole granted scope. Raises
    `InvalidScopeError`.
    """
    names = known_names(asked, client=client)
    if not_granted := [name for name in names if name not in granted.split()]:
        raise wider_than_allowed(f"the scope {' '.join(not_granted)} was not granted")
    return " ".join(names) or granted


def known_names(asked: str, *, client: Client) -> list[str]:
    """Return the requested names that this server supports or that the client registered.

    The others are logged and ignored. Raises `InvalidScopeError` if the scope is malformed.
    """
    names = split_scope(asked)
    known = [
        name
        for name in names
        if name in client.grantable_scopes
        or (name in SCOPES and name not in IGNORED_UNLESS_REGISTERED)
    ]
    if len(known) < len(names):
        unknown = " ".join(name for name in names if name not in known)
        log.info("ignoring unknown scope names of client %s: %s", client.client_id, unknown)
    return known


def wider_than_allowed(reason: str) -> InvalidScopeError:
    return InvalidScopeError(
        Description.SCOPE_NOT_REGISTERED,
        reason=reason,
    )


@lru_cache(maxsize=1024)
def _registered_part(asked: str, registered: str) -> str | None:
    """Return the requested scope, or None if the client did not register all of it.

    Results are cached, since they depend on the arguments alone; errors are not.
    """
    names = split_scope(asked)
    return " ".join(names) if set(names) <= set(registered.split()) else None


def default_scope(allowed: str, *, leaving_out: Collection[str] = NOT_BY_DEFAULT) -> str:
    return " ".join(name for name in allowed.split() if name not in leaving_out)


def split_scope(scope: str) -> list[str]:
    """Return the distinct names in their order.

    Raises `InvalidScopeError` if the scope is malformed.
    """
    if not is_scope(scope):
        raise InvalidScopeError(
            Description.SCOPE_MALFORMED, reason="the scope contains characters that are not allowed"
        )
    names = list(dict.fromkeys(scope_to_list(scope) or []))
    if not names:
        raise InvalidScopeError(Description.SCOPE_MALFORMED)
    return names
