"""Users in the admin API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from app.schemas.admin.listing import Listing
from app.schemas.admin.roles import RoleResource
from app.schemas.admin.values import ChangedValues
from app.schemas.claims import StandardClaims
from app.schemas.invitations import MAXIMUM, Invitation
from app.schemas.users import UserCreate

GroupId = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]
RoleId = Annotated[str, StringConstraints(pattern="^([0-9a-f]{32}|administrator|auditor)$")]
VERIFICATIONS = ("email_verified", "phone_number_verified")


class UserResource(BaseModel):
    user_id: str
    username: str
    claims: dict[str, Any] = Field(
        description="Standard claims (OpenID Connect Core section 5.1) that are stored."
    )
    otp_confirmed: bool = Field(description="Whether the user confirmed an authenticator app.")
    disabled: bool
    created_at: datetime


class UserList(Listing):
    items: list[UserResource]


class GroupOfUser(BaseModel):
    group_id: str
    name: str


class UserDetails(UserResource):
    """A user with what belongs to them. The ETag is that of what can be changed."""

    attributes: dict[str, Any]
    groups: list[GroupOfUser]
    roles: list[RoleResource] = Field(description="The roles granted to the user, not by a group.")
    has_password: bool
    passkeys: list[str] = Field(description="The names of the passkeys.")
    recovery_codes_left: int
    providers: list[str] = Field(description="Identity providers by which the user can sign in.")
    sessions: list[str] = Field(description="The IDs of the active sessions.")
    clients: list[str] = Field(description="The IDs of the clients that the user allowed.")
    last_sign_in_at: datetime | None
    locked_until: datetime | None = Field(
        description="Until when sign-in is delayed after wrong passwords or codes."
    )
    invited_until: datetime | None = Field(description="Until when an invitation is valid.")


class AdminUserCreate(UserCreate):
    """A user to create."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"username": "ada", "password": "correct horse battery staple"}]
        },
    )

    username: str = Field(min_length=1, max_length=256, description="1 to 64 characters.")
    password: SecretStr = Field(min_length=8, max_length=256)
    email_verified: bool = Field(
        default=False, description="Whether you know that the address belongs to the user."
    )
    phone_number_verified: bool = False

    @property
    def vouched_for(self) -> list[str]:
        """The claims that the administrator has verified."""
        return [name for name in VERIFICATIONS if getattr(self, name)]


class UserCreated(UserResource):
    otp_uri: str = Field(
        description="The URI for the user's authenticator app, with its secret. Shown only here."
    )
    warning: str | None = Field(
        description="Present if the password would be refused in production."
    )


class ChangedClaims(StandardClaims):
    """Claims to change. Null removes one. A new address is unverified, unless you say otherwise."""

    model_config = ConfigDict(extra="forbid")

    email_verified: bool = False
    phone_number_verified: bool = False


class UserPatch(BaseModel):
    """Changes of a user (RFC 7396)."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"claims": {"given_name": "Ada", "nickname": None}}]},
    )

    claims: ChangedClaims = Field(default_factory=ChangedClaims)
    attributes: ChangedValues = Field(default_factory=dict)
    disabled: bool = Field(
        default_factory=bool,
        description="A disabled user is signed out and cannot sign in.",
    )


class EndedSessions(BaseModel):
    ended_sessions: int


class Unlocked(BaseModel):
    locked_until: datetime | None = Field(
        description="Until when the sign-in would have been delayed; null if it was not."
    )


class SentVerification(BaseModel):
    email: str


class LinkDelivery(BaseModel):
    """How the link reaches the user."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"delivery": "mail"}]}
    )

    delivery: Literal["mail", "link"] = Field(
        default="mail",
        description="`link` returns the link, for you to pass on. That of a user with an"
        " administrative role can only be mailed.",
    )


class UserLink(BaseModel):
    link: str | None = Field(description="Null if the link was mailed.")


class UserInvite(Invitation, LinkDelivery):
    """A user to invite, who sets a password and a second factor by the link."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"email": "ada@example.com", "given_name": "Ada"}]},
    )

    username: str | None = Field(
        default=None, min_length=1, max_length=256, description="By default the email address."
    )
    groups: tuple[GroupId, ...] = Field(default=(), max_length=MAXIMUM)
    roles: tuple[RoleId, ...] = Field(default=(), max_length=MAXIMUM)


class InvitedUser(UserResource):
    link: str | None = Field(description="Null if the invitation was mailed.")
