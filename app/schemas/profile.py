"""Bodies of `/profile`."""

from typing import Literal

from pydantic import BaseModel


class UserProfile(BaseModel):
    type: Literal["user"] = "user"
    username: str
    otp_verified: bool


class PairwiseProfile(BaseModel):
    """The profile for clients with pairwise subjects, without anything that other clients see."""

    type: Literal["user"] = "user"
    sub: str


class ClientProfile(BaseModel):
    type: Literal["client"] = "client"
    client_id: str
    message: str = "Machine token access"
