"""Bodies of `/verify_otp` and `/enroll_otp`."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _a_string(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("The code must be a string: a number loses its leading zero.")
    return value


class OtpVerify(BaseModel):
    """A username and the code from the authenticator app."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "testuser", "code": "123456"}]}
    )

    username: str
    code: Annotated[str, BeforeValidator(_a_string)] = Field(
        description="Six digits; spaces and hyphens are ignored."
    )


class OtpVerified(BaseModel):
    valid: bool


class OtpEnrolment(BaseModel):
    """A TOTP enrolment for an authenticator app. It is shown once."""

    otp_uri: str = Field(
        description="The otpauth URI (RFC 6238 parameters: SHA-1, 6 digits, 30 seconds).",
        examples=["otpauth://totp/ThisOAuthServer:testuser?secret=…&issuer=ThisOAuthServer"],
    )
    qr_code: str = Field(description="A PNG image of otp_uri, in base64.")


class OtpEnrolled(OtpEnrolment):
    message: str = Field(examples=["New secret enrolled"])
