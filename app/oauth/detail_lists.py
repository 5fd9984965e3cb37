"""Lists of authorization details (RFC 9396 section 2): parsed, compared and stored."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from app.oauth.descriptions import Description
from app.oauth.errors import OAuth2Error
from app.security.text import is_encodable

AuthorizationDetail = Mapping[str, Any]

MAXIMUM_BYTES = 4096
MAXIMUM_DETAILS = 20
TYPE = "type"
NARROWED = frozenset({"locations", "actions", "datatypes", "privileges"})
"""Members whose values allow something each, so that fewer of them are less (section 2.2)."""


class InvalidAuthorizationDetailsError(OAuth2Error):
    """RFC 9396 section 5: a type is unknown or not allowed, or the details do not match it."""

    error = "invalid_authorization_details"
    description = Description.AUTHORIZATION_DETAILS_INVALID


def parse_details(text: str) -> Sequence[AuthorizationDetail]:
    """Return the details in a parameter; raise `InvalidAuthorizationDetailsError`."""
    if len(text.encode("utf-8", "surrogatepass")) > MAXIMUM_BYTES:
        raise InvalidAuthorizationDetailsError(Description.AUTHORIZATION_DETAILS_TOO_LARGE)
    try:
        details = json.loads(text, object_pairs_hook=_members_once)
    except (ValueError, RecursionError):
        raise _malformed("the authorization details are not valid JSON") from None
    if not isinstance(details, list) or not details or not is_encodable(details):
        raise _malformed("the authorization details are not a JSON array, or nested too deeply")
    if len(details) > MAXIMUM_DETAILS:
        raise InvalidAuthorizationDetailsError(
            Description.AUTHORIZATION_DETAILS_TOO_LARGE,
            reason=f"the authorization details are more than {MAXIMUM_DETAILS}",
        )
    if not all(isinstance(each, dict) and isinstance(each.get(TYPE), str) for each in details):
        raise _malformed("the authorization details have an element without a type")
    return details


def stored_details(details: Sequence[AuthorizationDetail]) -> str | None:
    """Return details as they are stored and compared, or None for an empty list."""
    return json.dumps(details, ensure_ascii=False, separators=(",", ":")) if details else None


def parse_stored(stored: str | None) -> Sequence[AuthorizationDetail]:
    details: list[AuthorizationDetail] = json.loads(stored) if stored is not None else []
    return details


def details_in(stored: str | None) -> list[dict[str, Any]] | None:
    """Return stored details as responses have them, or None."""
    return None if stored is None else [dict(each) for each in parse_stored(stored)]


def types_in(stored: str | None) -> Sequence[str]:
    """Return the types of stored details, once each."""
    return sorted({detail[TYPE] for detail in parse_stored(stored)})


def members_of(detail: AuthorizationDetail) -> dict[str, Any]:
    """Return the members of a detail beside its type, which the schema of the type describes."""
    return {name: value for name, value in detail.items() if name != TYPE}


def require_within(
    requested: Sequence[AuthorizationDetail], granted: Sequence[AuthorizationDetail]
) -> None:
    """Require that each requested detail is one of those granted, or less (section 6.1).

    No granted detail counts twice: one payment does not allow two.
    """
    unused = sorted(granted, key=_canonical)
    for detail in sorted(requested, key=lambda each: len(_canonical(each)), reverse=True):
        fitting = [each for each in unused if _is_within(detail, each)]
        if not fitting:
            raise InvalidAuthorizationDetailsError(
                Description.AUTHORIZATION_DETAILS_NOT_GRANTED,
                reason="the authorization details exceed what was granted",
            )
        unused.remove(min(fitting, key=lambda each: len(_canonical(each))))


def _is_within(requested: AuthorizationDetail, granted: AuthorizationDetail) -> bool:
    """Return whether a detail is the same as another one, or has fewer `NARROWED` values.

    An absent member may mean no limit, so all members have to be stated again.
    """
    return requested.keys() == granted.keys() and all(
        _canonical(value) == _canonical(granted[name])
        or (name in NARROWED and _is_part(value, granted[name]))
        for name, value in requested.items()
    )


def _is_part(values: Any, granted: Any) -> bool:
    if not isinstance(values, list) or not isinstance(granted, list) or not values:
        return False
    return set(map(_canonical, values)) <= set(map(_canonical, granted))


def _canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def _members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is repeated")
    return members


def _malformed(reason: str) -> InvalidAuthorizationDetailsError:
    return InvalidAuthorizationDetailsError(
        Description.AUTHORIZATION_DETAILS_MALFORMED, reason=reason
    )
