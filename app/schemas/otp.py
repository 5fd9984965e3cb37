"""Bodies of `/verify_otp`."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _a_string(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("A code is a string: a number loses its leading zero.")
    return value


class OtpVerify(BaseModel):
    """A name and the code that the authenticator app shows."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "testuser", "code": "123456"}]}
    )

    username: str
    code: Annotated[str, BeforeValidator(_a_string)] = Field(
        description="Six digits; spaces do not matter."
    )


class OtpVerified(BaseModel):
    valid: bool
