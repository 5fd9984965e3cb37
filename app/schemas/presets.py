"""Clients of well-known applications, as administrators state them."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.schemas.text import Name

PresetName = Literal["grafana", "argocd", "kubernetes", "nextcloud"]
PresetClientName = Annotated[Name, StringConstraints(max_length=60)]
ApplicationUrl = Annotated[
    str,
    StringConstraints(
        max_length=1000, pattern=r"^https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~-]+)*/?$"
    ),
]


class PresetBody(BaseModel):
    """The clients of an application to create, with all that it reads from its tokens."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "preset": "grafana",
                    "client_name": "Grafana",
                    "url": "https://grafana.example.com",
                }
            ]
        },
    )

    preset: PresetName
    client_name: PresetClientName
    url: ApplicationUrl | None = Field(
        default=None, description="Where users open the application."
    )
    client_id: str | None = None
