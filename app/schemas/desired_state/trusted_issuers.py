"""Trusted issuers in files of desired state."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from app.schemas.trusted_issuers import TrustedIssuerMembers


class TrustedIssuerState(TrustedIssuerMembers):
    """A trusted issuer, with the user by their username."""

    user: Annotated[str, StringConstraints(min_length=1, max_length=150)] | None = Field(
        default=None, description="The user that the subjects stand for."
    )

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        self.require_one_target(has_user=self.user is not None)
        return self
