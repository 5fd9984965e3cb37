"""Standard claims about a user as they are stored (OpenID Connect Core section 5.1)."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from app.security.mailboxes import email_key


class UserClaims(NamedTuple):
    """Claims of a user. A claim without a value is None, {} or False.

    The members are those of `app.schemas.claims.StandardClaims`, which has validated them, except
    `preferred_username`, which is the username. The others say what has been verified.
    """

    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    middle_name: str | None = None
    nickname: str | None = None
    profile: str | None = None
    picture: str | None = None
    website: str | None = None
    gender: str | None = None
    birthdate: str | None = None
    zoneinfo: str | None = None
    locale: str | None = None
    email: str | None = None
    email_verified: bool = False
    phone_number: str | None = None
    phone_number_verified: bool = False
    address: Mapping[str, str] = {}

    @classmethod
    def of(cls, stated: Mapping[str, Any]) -> Self:
        """Return the claims of a stored JSON object, without those of other releases."""
        return cls(**{name: stated[name] for name in stated if name in cls._field_defaults})

    @property
    def verified_email(self) -> str | None:
        """The email address if it is verified: anyone can enter an address of someone else."""
        return self.email if self.email and self.email_verified else None

    @property
    def email_key(self) -> str | None:
        """The key of the verified email address, by which its user is found."""
        return email_key(self.verified_email) if self.verified_email is not None else None


def email_key_in(claims: str) -> str | None:
    """Return the key of the verified email address in claims that are about to be stored."""
    return UserClaims.of(json.loads(claims)).email_key
