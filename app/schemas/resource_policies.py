"""Policies of a resource, which administrators set."""

from functools import lru_cache

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.client_policies import AccessPolicy


class ResourcePolicies(BaseModel):
    """The policies of one resource."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    personal_tokens: AccessPolicy = Field(
        default=AccessPolicy(),
        description="The users who may have personal tokens, if the resource allows these.",
    )

    def stored(self) -> str | None:
        """Return the policies as JSON, or None if they are the general ones."""
        content = self.model_dump_json(exclude_defaults=True)
        return content if content != "{}" else None


@lru_cache(maxsize=256)
def parse_resource_policies(stored: str) -> ResourcePolicies:
    return ResourcePolicies.model_validate_json(stored)
