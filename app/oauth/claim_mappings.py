"""Groups, roles and mapped claims: what a client gets about a user besides standard claims.

The scopes `groups` and `roles` release the claims of these names. The mappings of a client, which
an administrator wrote, apply whatever the scope, and replace the claims of the scopes: a client
whose groups are filtered cannot ask for all of them. The mappings are those of the client that the
token was issued to, no matter who asks about the token.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from app.schemas.claim_mappings import ClaimMapping, MappingTarget
from app.schemas.claim_names import GROUPS, ROLES, VOUCHED_CLAIMS
from app.schemas.client_policies import ClientPolicies
from app.services.accounts.entitlements import Entitlements, LazyEntitlements

ANY_TEXT = "*"
NOTHING: Mapping[str, Any] = {}


async def mapped_claims(
    target: MappingTarget,
    *,
    client_id: str,
    policies: ClientPolicies | None,
    scope: str,
    requested: Collection[str] = (),
    entitlements: LazyEntitlements,
) -> Mapping[str, Any]:
    """Return the claims of a user that a client gets at a target.

    `requested` are claims that the `claims` parameter of the authorization request asks for. The
    entitlements are looked up only if a claim depends on them.
    """
    mappings = policies.claim_mappings if policies is not None else ()
    here = [mapping for mapping in mappings if target in mapping.targets]
    released = _released_names(scope, requested, mappings)
    if not here and not released:
        return NOTHING
    is_needed = bool(released) or any(mapping.needs_entitlements for mapping in here)
    user = await entitlements.get() if is_needed else Entitlements()
    claims: dict[str, Any] = {}
    if GROUPS in released:
        claims[GROUPS] = list(user.group_names)
    if ROLES in released:
        claims[ROLES] = user.roles_for(client_id)
    for mapping in here:
        value = _value_of(mapping, user, client_id)
        if value is not None:
            claims[mapping.name] = value
    return claims


def _released_names(
    scope: str, requested: Collection[str], mappings: Iterable[ClaimMapping]
) -> Sequence[str]:
    """Return which of `groups` and `roles` the scope or the request releases as they are."""
    names = [name for name in (GROUPS, ROLES) if name in scope or name in requested]
    if not names:
        return ()
    released = {*scope.split(), *requested} - {mapping.source for mapping in mappings}
    return [name for name in names if name in released]


def _value_of(mapping: ClaimMapping, user: Entitlements, client_id: str) -> Any:
    """Return the value of a mapped claim, or None for a claim that is left out."""
    if mapping.source == GROUPS:
        names = user.group_names
        if mapping.filter:
            names = tuple(each for each in names if _is_shown(each, mapping.filter))
        return [f"{mapping.prefix}{name}" for name in names]
    if mapping.source == ROLES:
        return user.roles_for(client_id)
    if mapping.attribute is not None:
        return user.attribute(mapping.attribute, is_vouched=mapping.name in VOUCHED_CLAIMS)
    return mapping.value


def _is_shown(name: str, patterns: Iterable[str]) -> bool:
    return any(_matches(name, pattern) for pattern in patterns)


def _matches(name: str, pattern: str) -> bool:
    """Return whether a name matches a pattern in which each `*` stands for any text."""
    first, *middle = pattern.split(ANY_TEXT)
    if not middle:
        return name == pattern
    last = middle.pop()
    if not name.startswith(first) or len(name) < len(first) + len(last):
        return False
    if not name.endswith(last):
        return False
    rest = name[len(first) : len(name) - len(last)]
    for part in middle:
        _, found, rest = rest.partition(part) if part else ("", ANY_TEXT, rest)
        if not found:
            return False
    return True
