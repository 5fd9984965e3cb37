"""A user in a file that is imported or exported; the columns of CSV have the same names."""

import json
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from app.schemas.claims import VERIFIED, Address, StandardClaims
from app.schemas.groups import GroupName, RoleReference
from app.security import foreign_hashes, totp, usernames
from app.security.usernames import NewName

NO_PASSWORD_MARK = "!"
"""Django and Postern begin the hash of a user without a password like this."""
CLAIM_COLUMNS = tuple(
    column
    for claim in StandardClaims.model_fields
    if claim != "preferred_username"
    for column in ((claim, VERIFIED[claim]) if claim in VERIFIED else (claim,))
)
GROUPS_COLUMN = "groups"
ROLES_COLUMN = "roles"
ATTRIBUTES_COLUMN = "attributes"
OWN_ATTRIBUTES_COLUMN = "own_attributes"
HASH_COLUMN = "password_hash"
EXPORTED_COLUMNS = (
    "username",
    "user_id",
    *CLAIM_COLUMNS,
    GROUPS_COLUMN,
    ROLES_COLUMN,
    ATTRIBUTES_COLUMN,
    OWN_ATTRIBUTES_COLUMN,
    "disabled",
    "created_at",
)
MAXIMUM_GROUPS = 200
MAXIMUM_ROLES = 200
SEPARATOR = ";"
IMPORTED_COLUMNS = (
    *EXPORTED_COLUMNS,
    "preferred_username",
    HASH_COLUMN,
    "otp_secret",
    "otp_confirmed",
)


def _new_name(value: Any) -> NewName:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return usernames.new_name(value)


def _normal_form(value: Any) -> str | None:
    """Return the stored form of a hash; an object is a credential of Keycloak."""
    if value is None or (isinstance(value, str) and value.startswith(NO_PASSWORD_MARK)):
        return None
    text = json.dumps(value) if isinstance(value, dict) else value
    if not isinstance(text, str):
        raise ValueError("must be text")
    return foreign_hashes.normal_form(text.strip())


def _secret(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise ValueError("must be text")
    return totp.imported_secret(value)


def _object(value: Any) -> Any:
    """Return a member that is an object in JSON and its text in CSV."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("must be valid JSON") from None


def _names(value: Any) -> Any:
    """Return names, which are a list in JSON, and in CSV as `names_in_cell`."""
    if not isinstance(value, str):
        return value
    if value.startswith("["):
        return _object(value)
    return [name for name in map(str.strip, value.split(SEPARATOR)) if name]


def names_in_cell(names: Sequence[Any]) -> str:
    """Return names separated by semicolons, or as a JSON list if one has a semicolon or is an
    object."""
    if not all(isinstance(name, str) for name in names):
        return json.dumps(names, ensure_ascii=False)
    text = SEPARATOR.join(names)
    is_plain = not text.startswith("[") and text.count(SEPARATOR) == len(names) - 1
    return text if is_plain else json.dumps(names, ensure_ascii=False)


class ImportedUser(StandardClaims):
    """A user to import. `user_id` and `created_at` are in exported files and are not taken over.

    A new kind of data about users is a member here, and a column of the file by that.
    """

    model_config = ConfigDict(extra="forbid")

    username: Annotated[NewName, PlainValidator(_new_name)]
    email_verified: bool = False
    phone_number_verified: bool = False
    address: Annotated[Address | None, BeforeValidator(_object)] = None
    password_hash: Annotated[str | None, PlainValidator(_normal_form)] = None
    otp_secret: Annotated[str | None, PlainValidator(_secret)] = None
    otp_confirmed: bool = True
    disabled: bool = False
    groups: Annotated[
        tuple[GroupName, ...], Field(max_length=MAXIMUM_GROUPS), BeforeValidator(_names)
    ] = ()
    roles: Annotated[
        tuple[RoleReference, ...], Field(max_length=MAXIMUM_ROLES), BeforeValidator(_names)
    ] = ()
    attributes: Annotated[dict[str, Any], BeforeValidator(_object)] = Field(default_factory=dict)
    own_attributes: Annotated[dict[str, Any], BeforeValidator(_object)] = Field(
        default_factory=dict
    )
    user_id: str | None = Field(default=None, exclude=True)
    created_at: str | None = Field(default=None, exclude=True)

    @model_validator(mode="before")
    @classmethod
    def _without_empty_members(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        return {name: value for name, value in values.items() if value not in (None, "")}

    @model_validator(mode="after")
    def _own_username(self) -> "ImportedUser":
        if self.preferred_username not in (None, self.username.spelling):
            raise ValueError("preferred_username is always the username: leave it out")
        return self

    def stored_claims(self) -> dict[str, Any]:
        """Return the claims as they are stored, with what the file says is verified."""
        claims = self.stated_claims()
        claims.pop("preferred_username", None)
        return {
            **claims,
            **{flag: getattr(self, flag) for claim, flag in VERIFIED.items() if claim in claims},
        }
