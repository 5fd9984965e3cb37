"""Body of a request for a test mail."""

from pydantic import BaseModel, ConfigDict

from app.schemas.claims import Email


class MailToTest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    address: Email
