"""Claims about a person (OpenID Connect Core section 5): by scope, and by the claims parameter."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from app.models.users import User
from app.oauth.errors import InvalidRequestError
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
}
SCOPE_OF_CLAIM = {name: scope for scope, names in CLAIMS_BY_SCOPE.items() for name in names}
OF_AUTHENTICATION = ("sub", "auth_time", "acr", "amr")
SUPPORTED_CLAIMS = (*OF_AUTHENTICATION, *SCOPE_OF_CLAIM)
MAXIMUM_LENGTH = 8192


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    """What the `claims` parameter asks for: by claim, its conditions (section 5.5.1)."""

    userinfo: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    id_token: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def within(self, scope: str) -> "ClaimsRequest":
        """Less what nobody knows, and less the claims of scopes that a client may not have.

        Claims are voluntary, so what is left out is no error (section 5.5.1).
        """
        allowed = scope.split()
        return ClaimsRequest(_of(self.userinfo, allowed), _of(self.id_token, allowed))

    @property
    def text(self) -> str | None:
        """As the parameter would say it; None where nothing is asked for."""
        if not self.userinfo and not self.id_token:
            return None
        said = {"userinfo": self.userinfo, "id_token": self.id_token}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


NOTHING = ClaimsRequest()


def parse_claims(text: str | None) -> ClaimsRequest:
    """Raises `InvalidRequestError` for what is no such JSON object."""
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
        found = json.loads(text) if len(text) <= MAXIMUM_LENGTH else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not is_encodable(found):
        raise InvalidRequestError("The claims parameter is malformed.")
    return ClaimsRequest(
        userinfo=_asked(found.get("userinfo")), id_token=_asked(found.get("id_token"))
    )


def _asked(member: Any) -> dict[str, dict[str, Any]]:
    if member is None:
        return {}
    if not isinstance(member, dict) or not all(map(_is_condition, member.values())):
        raise InvalidRequestError("The claims parameter is malformed.")
    return {name: value or {} for name, value in member.items()}


def _is_condition(value: Any) -> bool:
    return value is None or (isinstance(value, dict) and isinstance(value.get("values", []), list))


def scopes_of(request: ClaimsRequest) -> frozenset[str]:
    """The scopes that the asked claims belong to: what a person is asked about them."""
    names = (*request.userinfo, *request.id_token)
    return frozenset(SCOPE_OF_CLAIM[name] for name in names if name in SCOPE_OF_CLAIM)


def claims_of(user: User, *, scope: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The claims that a scope and a request release; one that nobody set is left out."""
    known = all_claims_of(user)
    names = {name for each in scope.split() for name in CLAIMS_BY_SCOPE.get(each, ())}
    names |= set(asked) & SCOPE_OF_CLAIM.keys()
    return {name: known[name] for name in SCOPE_OF_CLAIM if name in names and name in known}


def claims_for_id_token(user: User, request: ClaimsRequest) -> dict[str, Any]:
    """What the `claims` parameter asks for in the ID token; scopes go to UserInfo."""
    return claims_of(user, scope="", asked=request.id_token)


def all_claims_of(user: User) -> dict[str, Any]:
    """Everything that is kept about a person, in the names of the standard."""
    kept: dict[str, Any] = json.loads(user.claims)
    changed_at = user.claims_updated_at or user.created_at
    return {
        **kept,
        "preferred_username": user.username,  # clients map it: nobody may choose another's
        "updated_at": int(changed_at.timestamp()),
    }
