"""Scope (RFC 6749 section 3.3): asked for, registered, narrowed, never widened."""

from functools import lru_cache

from authlib.oauth2.rfc6749 import list_to_scope, scope_to_list

from app.oauth.errors import InvalidScopeError
from app.security.text import is_scope

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"
SCOPES = {
    OPENID: "Who you are",
    "profile": "Your name",
    "email": "Your e-mail address",
    "address": "Your postal address",
    "phone": "Your phone number",
    OFFLINE_ACCESS: "Keep access while you are away",
}
"""The scopes that have a meaning here, each with a sentence for the person who is asked."""
NOT_BY_DEFAULT = frozenset({OPENID, OFFLINE_ACCESS})


@lru_cache(maxsize=1024)
def narrow_scope(asked: str | None, *, allowed: str) -> str:
    """The scope to grant: what was asked for, if all of it is allowed.

    Without a scope it is the allowed one less `openid` and `offline_access`, which a client has to
    ask for by name. Raises `InvalidScopeError`. The same question has the same answer, so answers
    are kept; a refusal is not.
    """
    if asked is None:
        return default_scope(allowed)
    names = split_scope(asked)
    if not set(names) <= set(allowed.split()):
        raise InvalidScopeError("The scope is more than the client may have.")
    return str(list_to_scope(names))


def default_scope(allowed: str) -> str:
    return " ".join(name for name in allowed.split() if name not in NOT_BY_DEFAULT)


def split_scope(scope: str) -> list[str]:
    """The names in their order, each once; raises `InvalidScopeError` for what no scope can be."""
    if not is_scope(scope):
        raise InvalidScopeError("The scope is malformed.")
    names = list(dict.fromkeys(scope_to_list(scope) or []))
    if not names:
        raise InvalidScopeError("The scope is malformed.")
    return names
