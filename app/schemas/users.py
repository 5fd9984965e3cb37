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
        description="1 to 64 characters; unique whatever its case and width. White space around it"
        " is ignored. A verified e-mail address signs in as well."
    )
    password: SecretStr = Field(description="8 to 256 characters.")


class UserCreate(UserCredentials, StandardClaims):
    """A user to register, with optional standard claims."""


class UserRegistered(OtpEnrolment):
    message: str = Field(examples=["User registered"])
    warning: str | None = Field(
        default=None, description="Present where production would have refused the password."
    )
