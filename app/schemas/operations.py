"""Bodies of `/` and of the health checks."""

from typing import Literal

from pydantic import BaseModel


class Welcome(BaseModel):
    message: str
    version: str
    documentation: str
    endpoints: dict[str, str]


class Health(BaseModel):
    status: Literal["ok", "unavailable"]
