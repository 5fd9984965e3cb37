"""Body of an invitation."""

from pydantic import Field

from app.schemas.claims import Email, StandardClaims

MAXIMUM = 200


class Invitation(StandardClaims):
    """A user to invite, with optional standard claims."""

    email: Email
    username: str | None = Field(default=None, description="By default the email address.")
    groups: tuple[str, ...] = Field(
        default=(), max_length=MAXIMUM, description="The IDs of the groups that the user joins."
    )
    roles: tuple[str, ...] = Field(
        default=(), max_length=MAXIMUM, description="The IDs of the roles that the user gets."
    )
