"""Problem details (RFC 9457) that also carry `error`."""

from pydantic import BaseModel, Field


class InvalidMember(BaseModel):
    location: list[str | int] = Field(examples=[["body", "code"]])
    message: str
    type: str


class Problem(BaseModel):
    type: str = "about:blank"
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str
    error: str = Field(examples=["username_taken"])
    errors: list[InvalidMember] | None = Field(
        default=None, description="Where the body does not match the schema."
    )
