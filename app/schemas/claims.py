"""Standard claims about a user (OpenID Connect Core section 5.1)."""

import re
from datetime import date
from functools import lru_cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from app.schemas.text import WebUri
from app.security.mailboxes import MAXIMUM_EMAIL_LENGTH, with_ascii_host
from app.security.text import is_storable

MAXIMUM_LENGTH = 200
VERIFIED = {"email": "email_verified", "phone_number": "phone_number_verified"}
"""The claim that says whether another claim has been verified."""
NO_YEAR = "0000"
A_LEAP_YEAR = "2000"
_ATOM = r"[^@\s.<>()\[\],;:\"\\]+"
_EMAIL = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@{_ATOM}(\.{_ATOM})*")
_BIRTHDATE = re.compile(r"[0-9]{4}(-[0-9]{2}-[0-9]{2})?")
_LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
_PHONE = re.compile(r"\+?[0-9 ().-]{3,40}(;ext=[0-9]{1,10})?")
_DIGITS = re.compile(r"([^0-9]*[0-9]){3}")


def _storable(value: str) -> str:
    if not is_storable(value) or not value.strip():
        raise ValueError("must be text without control characters")
    return value.strip()


def _lines(value: str) -> str:
    """Require storable text; a postal address may have several lines."""
    lines = [_storable(line) for line in value.splitlines() if line.strip()]
    if not lines:
        raise ValueError("must be text without control characters")
    return "\n".join(lines)


def _email(value: str) -> str:
    """Return the address in the form that is stored and that emails are sent to."""
    try:
        address = with_ascii_host(value) if _EMAIL.fullmatch(value) else ""
    except ValueError:
        address = ""
    if len(address) > MAXIMUM_EMAIL_LENGTH or not _EMAIL.fullmatch(address):
        raise ValueError("must be an e-mail address")
    return address


def _birthdate(value: str) -> str:
    """Accept the year 0000, which stands for an omitted year."""
    try:
        is_valid = _BIRTHDATE.fullmatch(value) is not None
        if is_valid and "-" in value:
            date.fromisoformat(value.replace(NO_YEAR, A_LEAP_YEAR, 1))
    except ValueError:
        is_valid = False
    if not is_valid:
        raise ValueError("must be YYYY-MM-DD, or YYYY")
    return value


def _zone(value: str) -> str:
    if value not in _zones():
        raise ValueError("must be a time zone such as Europe/Vienna")
    return value


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    """Return the time zones, cached because listing them reads hundreds of files."""
    return frozenset(available_timezones())


def _locale(value: str) -> str:
    if not _LOCALE.fullmatch(value):
        raise ValueError("must be a language tag such as de-AT")
    return value


def _phone(value: str) -> str:
    if not _PHONE.fullmatch(value) or not _DIGITS.match(value):
        raise ValueError("must be a phone number such as +43 1 234567")
    return value


Line = Annotated[
    str, StringConstraints(min_length=1, max_length=MAXIMUM_LENGTH), AfterValidator(_storable)
]
Lines = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_lines)]
Email = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAXIMUM_EMAIL_LENGTH),
    AfterValidator(_storable),
    AfterValidator(_email),
]


class Address(BaseModel):
    """Postal address (OpenID Connect Core section 5.1.1)."""

    formatted: Lines | None = None
    street_address: Lines | None = None
    locality: Line | None = None
    region: Line | None = None
    postal_code: Line | None = None
    country: Line | None = None


class StandardClaims(BaseModel):
    """Standard claims that a user may provide; all of them are optional."""

    name: Line | None = None
    given_name: Line | None = None
    family_name: Line | None = None
    middle_name: Line | None = None
    nickname: Line | None = None
    preferred_username: Line | None = None
    profile: WebUri | None = None
    picture: WebUri | None = None
    website: WebUri | None = None
    gender: Line | None = None
    birthdate: Annotated[Line, AfterValidator(_birthdate)] | None = None
    zoneinfo: Annotated[Line, AfterValidator(_zone)] | None = None
    locale: Annotated[Line, AfterValidator(_locale)] | None = None
    email: Email | None = Field(default=None, examples=["testuser@example.com"])
    phone_number: Annotated[Line, AfterValidator(_phone)] | None = None
    address: Address | None = None

    def stated_claims(self) -> dict[str, Any]:
        """Return the provided claims, with email address and phone number marked as unverified."""
        dumped = self.model_dump(include=set(StandardClaims.model_fields), exclude_none=True)
        claims = {name: value for name, value in dumped.items() if value != {}}
        return {**claims, **{VERIFIED[name]: False for name in VERIFIED if name in claims}}
