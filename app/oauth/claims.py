"""Claims about a user (OpenID Connect Core section 5): by scope, and by the claims parameter."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from app.models.accounts.users import User
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestError
from app.schemas.claim_names import GROUPS, ROLES
from app.security.text import is_encodable

CLAIMS_BY_SCOPE: dict[str, tuple[str, ...]] = {
    "profile": (
        "name",
        "family_name",
        "given_name",
        "middle_name",
        "nickname",
        "preferred_username",
        "profile",
        "picture",
        "website",
        "gender",
        "birthdate",
        "zoneinfo",
        "locale",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "address": ("address",),
    "phone": ("phone_number", "phone_number_verified"),
    GROUPS: (GROUPS,),
    ROLES: (ROLES,),
}
SCOPE_OF_CLAIM = {name: scope for scope, names in CLAIMS_BY_SCOPE.items() for name in names}
OF_AUTHENTICATION = ("sub", "auth_time", "acr", "amr")
STORED_CLAIMS = tuple(name for name in SCOPE_OF_CLAIM if name not in (GROUPS, ROLES))
"""Claims whose values are stored with the user; the others follow from groups and roles."""
SUPPORTED_CLAIMS = (*OF_AUTHENTICATION, *SCOPE_OF_CLAIM)
MAXIMUM_LENGTH = 8192


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """Parsed `claims` parameter: the requested claims, with their conditions (section 5.5.1)."""

    userinfo: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    id_token: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def within(self, scope: str) -> "ClaimsRequest":
        """Return the request without unknown claims and those of scopes not in `scope`.

        Claims are voluntary, so omitting them is not an error (section 5.5.1).
        """
        if not self.userinfo and not self.id_token:
            return self
        allowed = scope.split()
        return ClaimsRequest(_of(self.userinfo, allowed), _of(self.id_token, allowed))

    @property
    def text(self) -> str | None:
        """The request as the JSON of the parameter, or None if no claim is requested."""
        if not self.userinfo and not self.id_token:
            return None
        content = {"userinfo": self.userinfo, "id_token": self.id_token}
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


NOTHING = ClaimsRequest()


def parse_claims(text: str | None) -> ClaimsRequest:
    """Parse the `claims` parameter; raises `InvalidRequestError` if it is malformed."""
    return _parse(text) if text is not None else NOTHING


def _of(
    asked: Mapping[str, Mapping[str, Any]], scopes: Collection[str]
) -> Mapping[str, Mapping[str, Any]]:
    return {
        name: value
        for name, value in asked.items()
        if name in OF_AUTHENTICATION or SCOPE_OF_CLAIM.get(name) in scopes
    }


@lru_cache(maxsize=256)
def _parse(text: str) -> ClaimsRequest:
    try:
        content = json.loads(text) if len(text) <= MAXIMUM_LENGTH else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or not is_encodable(content):
        raise InvalidRequestError(Description.PARAMETER_MALFORMED.format(name="claims"))
    return ClaimsRequest(
        userinfo=_asked(content.get("userinfo")), id_token=_asked(content.get("id_token"))
    )


def _asked(member: Any) -> dict[str, dict[str, Any]]:
    if member is None:
        return {}
    if not isinstance(member, dict) or not all(map(_is_condition, member.values())):
        raise InvalidRequestError(Description.PARAMETER_MALFORMED.format(name="claims"))
    return {name: value or {} for name, value in member.items()}


def _is_condition(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and isinstance(value.get("values", []), list))


def scopes_of(request: ClaimsRequest) -> frozenset[str]:
    """Return the scopes that the requested claims belong to, for which consent is required."""
    names = (*request.userinfo, *request.id_token)
    return frozenset(SCOPE_OF_CLAIM[name] for name in names if name in SCOPE_OF_CLAIM)


def claims_of(user: User, *, scope: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims that a scope and a request release, without those that have no value."""
    claims = all_claims_of(user)
    names = {name for scope_name in scope.split() for name in CLAIMS_BY_SCOPE.get(scope_name, ())}
    names |= set(asked) & SCOPE_OF_CLAIM.keys()
    return {name: claims[name] for name in STORED_CLAIMS if name in names and name in claims}


def claims_for_id_token(
    user: User, request: ClaimsRequest, *, scope: str, also: Collection[str]
) -> dict[str, Any]:
    """Return the claims of the ID token: those requested for it.

    Those of scopes are for UserInfo only, except for the names in `also`.
    """
    claims = claims_of(user, scope="", asked=request.id_token)
    if also:
        released = claims_of(user, scope=scope, asked=request.userinfo)
        claims.update((name, value) for name, value in released.items() if name in also)
    return claims


def all_claims_of(user: User) -> dict[str, Any]:
    """Return all stored claims about a user, by their standard names."""
    changed_at = user.claims_updated_at or user.created_at
    return {
        **user.claim_values,
        "preferred_username": user.username,  # not editable: clients map accounts by it
        "updated_at": int(changed_at.timestamp()),
    }
