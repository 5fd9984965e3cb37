"""Identity providers as administrators state them."""

from pydantic import BaseModel, ConfigDict, Field

DEFAULT_SCOPE = "openid profile email"


class IdentityProviderBody(BaseModel):
    """The settings of an identity provider. Its secret is never part of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(description="Part of the redirect URI: 1 to 40 characters from a-z, 0-9, -.")
    label: str | None = Field(default=None, description="The text of the button; default: name.")
    issuer: str
    client_id: str = Field(description="The ID that the provider issued to this server.")
    scope: str = DEFAULT_SCOPE

    @property
    def shown_label(self) -> str:
        return (self.name if self.label is None else self.label).strip()
