"""Problem details of the admin API (RFC 9457)."""

from typing import Literal

from pydantic import BaseModel, Field


class FieldProblem(BaseModel):
    """What is wrong with one member of the body, or one parameter."""

    pointer: str = Field(
        description="A JSON pointer (RFC 6901) to the member of the body. For a parameter it is"
        " the name after a slash.",
        examples=["/attributes/department"],
    )
    location: Literal["body", "path", "query", "header"] = "body"
    code: str = Field(examples=["string_too_long"])
    message: str


class AdminProblem(BaseModel):
    type: str = "about:blank"
    title: str = Field(examples=["Conflict"])
    status: int = Field(examples=[409])
    detail: str
    error: str = Field(examples=["group_name_taken"])
    errors: list[FieldProblem] | None = None
