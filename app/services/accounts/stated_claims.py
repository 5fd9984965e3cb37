"""Claims that are stated for a user, as they are stored."""

from collections.abc import Collection, Mapping

from app.details import Detail
from app.errors import InvalidInputError
from app.schemas.claims import StandardClaims


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
