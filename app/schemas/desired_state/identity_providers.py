"""Identity providers in files of desired state."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from app.schemas.desired_state.references import SecretReference
from app.schemas.groups import GroupName
from app.schemas.identity_providers import IdentityProviderBody

Groups = Annotated[tuple[GroupName, ...], Field(min_length=1)]
ClaimValue = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class IdentityProviderState(IdentityProviderBody):
    """An identity provider, with the groups here that its groups claim means.

    `disabled` remains as it is if a file does not state it.
    """

    client_secret: SecretReference | None = None
    disabled: bool | None = None
    groups_claim: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    group_mappings: dict[ClaimValue, Groups] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _mappings_of_a_claim(self) -> Self:
        if self.group_mappings and self.groups_claim is None:
            raise ValueError("group_mappings require a groups_claim")
        return self
