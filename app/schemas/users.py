"""Bodies of `/register_user`."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.schemas.claims import StandardClaims
from app.schemas.otp import OtpEnrolment


class UserCredentials(BaseModel):
    """A username and a password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "testuser", "password": "password123"}]}
    )

    username: str = Field(
        description=(
            "1 to 64 characters; unique regardless of case and character width. Surrounding "
            "white space is ignored. A verified email address can be used to sign in, too."
        )
    )
    password: SecretStr = Field(description="`PASSWORD_MIN_LENGTH` (8) to 256 characters.")


class UserCreate(UserCredentials, StandardClaims):
    """A user to register, with optional standard claims."""


class UserRegistered(OtpEnrolment):
    message: str = Field(examples=["User registered"])
    warning: str | None = Field(
        default=None, description="Present if the password would be refused in production."
    )
