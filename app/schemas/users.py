"""Bodies of `/register_user` and `/enroll_otp`."""

from pydantic import BaseModel, ConfigDict, Field, SecretStr


class UserCreate(BaseModel):
    """A name and a password."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "testuser", "password": "password123"}]}
    )

    username: str = Field(description="1 to 64 characters; unique whatever its case and width.")
    password: SecretStr = Field(description="8 to 256 characters.")


class OtpEnrolment(BaseModel):
    """What an authenticator app needs. It is shown once."""

    otp_uri: str = Field(
        description="The otpauth URI (RFC 6238 parameters: SHA-1, 6 digits, 30 seconds).",
        examples=["otpauth://totp/ThisOAuthServer:testuser?secret=…&issuer=ThisOAuthServer"],
    )
    qr_code: str = Field(description="A PNG image of otp_uri, in base64.")


class OtpEnrolled(OtpEnrolment):
    message: str = Field(examples=["User registered"])


class UserRegistered(OtpEnrolled):
    warning: str | None = Field(
        default=None, description="Present where production would have refused the password."
    )
