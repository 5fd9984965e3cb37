"""Claims that are stated for a user, as they are stored."""

from collections.abc import Collection, Mapping

from app.details import Detail
from app.errors import InvalidInputError
from app.models.accounts.users import User
from app.schemas.claims import VERIFIED, StandardClaims


def check_preferred_username(claims: StandardClaims, username: str) -> None:
    if claims.preferred_username not in (None, username):
        raise InvalidInputError(Detail.PREFERRED_USERNAME_DIFFERS, field="preferred_username")


def with_vouched(claims: Mapping[str, object], vouched_for: Collection[str]) -> dict[str, object]:
    """Mark claims as verified; raise `InvalidInputError` for one that the user does not have."""
    for name in vouched_for:
        if name not in claims:
            raise InvalidInputError(Detail.CLAIM_MISSING.format(name=name))
    return {**claims, **dict.fromkeys(vouched_for, True)}


def without_username(claims: Mapping[str, object]) -> dict[str, object]:
    """Drop `preferred_username`: it is derived from the username and not stored."""
    return {name: value for name, value in claims.items() if name != "preferred_username"}


def changed_claims(
    user: User,
    changes: StandardClaims,
    *,
    unset: Collection[str] = (),
    vouched_for: Collection[str] = (),
) -> dict[str, object]:
    """Return the claims of a user after changes; an address that is set again is unverified.

    `vouched_for` are claims such as `email_verified`. Raise `InvalidInputError` for one that the
    user does not have, and for another `preferred_username`.
    """
    check_preferred_username(changes, user.username)
    claims = without_username({**user.claim_values, **changes.stated_claims()})
    for name in unset:
        claims.pop(name, None)
        claims.pop(VERIFIED.get(name, name), None)
    return with_vouched(claims, vouched_for)
