"""Standard claims about a person (OpenID Connect Core section 5.1)."""

import re
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from app.security.text import is_storable

MAXIMUM_LENGTH = 200
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)*")
_BIRTHDATE = re.compile(r"\d{4}|(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]))")
_LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
_PHONE = re.compile(r"\+?[0-9 ().;=extEXT-]{3,40}")


def _storable(value: str) -> str:
    if not is_storable(value) or not value.strip():
        raise ValueError("must be text without control characters")
    return value.strip()


def _lines(value: str) -> str:
    """An address has several lines."""
    return "\n".join(_storable(line) for line in value.splitlines() if line.strip())


def _email(value: str) -> str:
    if not _EMAIL.fullmatch(value) or len(value) > 254:
        raise ValueError("must be an e-mail address")
    return value


def _birthdate(value: str) -> str:
    if not _BIRTHDATE.fullmatch(value):
        raise ValueError("must be YYYY-MM-DD, or YYYY")
    return value


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError("must be a time zone such as Europe/Vienna")
    return value


def _locale(value: str) -> str:
    if not _LOCALE.fullmatch(value):
        raise ValueError("must be a language tag such as de-AT")
    return value


def _phone(value: str) -> str:
    if not _PHONE.fullmatch(value):
        raise ValueError("must be a phone number such as +43 1 234567")
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_right = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_right = False
    if not is_right:
        raise ValueError("must be an http or https URL")
    return value


Line = Annotated[
    str, StringConstraints(min_length=1, max_length=MAXIMUM_LENGTH), AfterValidator(_storable)
]
Url = Annotated[
    str, StringConstraints(max_length=2000), AfterValidator(_storable), AfterValidator(_url)
]


Lines = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_lines)]


class Address(BaseModel):
    """Section 5.1.1."""

    formatted: Lines | None = None
    street_address: Lines | None = None
    locality: Line | None = None
    region: Line | None = None
    postal_code: Line | None = None
    country: Line | None = None


class StandardClaims(BaseModel):
    """What a person may say about himself; all of it is optional."""

    name: Line | None = None
    given_name: Line | None = None
    family_name: Line | None = None
    middle_name: Line | None = None
    nickname: Line | None = None
    preferred_username: Line | None = None
    profile: Url | None = None
    picture: Url | None = None
    website: Url | None = None
    gender: Line | None = None
    birthdate: Annotated[Line, AfterValidator(_birthdate)] | None = None
    zoneinfo: Annotated[Line, AfterValidator(_zone)] | None = None
    locale: Annotated[Line, AfterValidator(_locale)] | None = None
    email: Annotated[Line, StringConstraints(max_length=254), AfterValidator(_email)] | None = (
        Field(default=None, examples=["testuser@example.com"])
    )
    phone_number: Annotated[Line, AfterValidator(_phone)] | None = None
    address: Address | None = None

    def stated_claims(self) -> dict[str, object]:
        """What was said. An address or a number that its owner typed is not verified."""
        said: dict[str, object] = self.model_dump(
            include=set(StandardClaims.model_fields), exclude_none=True
        )
        if "email" in said:
            said["email_verified"] = False
        if "phone_number" in said:
            said["phone_number_verified"] = False
        return said
