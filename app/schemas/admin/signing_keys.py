"""Signing keys in the admin API."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.admin.listing import Listing

Algorithm = Literal["RS256", "ES256", "EdDSA", "PS256"]


class SigningKeyResource(BaseModel):
    kid: str
    algorithm: str
    state: str = Field(description="`waiting`, `signing`, `published` or `retired`.")
    created_at: datetime
    signs_from: datetime


class SigningKeyList(Listing):
    items: list[SigningKeyResource]


class KeyRotation(BaseModel):
    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    algorithm: Algorithm | None = Field(default=None, description="Only the key for this one.")
