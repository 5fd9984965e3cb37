"""Users in the admin API."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.schemas.admin.listing import Listing
from app.schemas.admin.roles import RoleResource
from app.schemas.users import UserCreate


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
    """A user with what belongs to them."""

    attributes: dict[str, Any]
    groups: list[GroupOfUser]
    roles: list[RoleResource] = Field(description="The roles granted to the user, not by a group.")
    last_sign_in_at: datetime | None


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
        names = ("email_verified", "phone_number_verified")
        return [name for name in names if getattr(self, name)]


class UserCreated(UserResource):
    otp_uri: str = Field(
        description="The URI for the user's authenticator app, with its secret. Shown only here."
    )
    warning: str | None = Field(
        description="Present if the password would be refused in production."
    )


class EndedSessions(BaseModel):
    ended_sessions: int
