"""What users allowed a client, and the tokens that it has."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from app.schemas.admin.listing import Listing


class ConsentResource(BaseModel):
    user_id: str
    username: str
    scope: str
    granted_at: datetime


class ConsentList(Listing):
    items: list[ConsentResource]


class ClientTokenResource(BaseModel):
    """Tokens that are revoked together. The tokens themselves are never shown."""

    token_id: str
    kind: Literal["sign_in", "exchange", "client"] = Field(
        description="`sign_in`: all tokens that a sign-in of a user gave. `exchange`: one access"
        " token that the client got for the token of another one. `client`: one access token that"
        " the client has on its own behalf."
    )
    user_id: str | None
    username: str | None
    session_id: str | None
    scope: str
    created_at: datetime
    expires_at: datetime
    subject_client_id: str | None = Field(
        default=None, description="The client whose token was exchanged for this one."
    )
    about_client_id: str | None = Field(
        default=None, description="The client that an exchanged token without a user is about."
    )
    actors: list[str] = Field(
        default=[],
        description="The parties that act by an exchanged token, the current one first.",
        examples=[["client:reports"]],
    )


class ClientTokenList(Listing):
    items: list[ClientTokenResource]
