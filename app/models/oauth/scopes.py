"""Scopes that an administrator described, beside those that this server defines."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, String, Table, Text

from app.database.types import Instant
from app.models.tables import metadata

scopes = Table(
    "scopes",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("description", Text, nullable=False),
    Column("translations", Text, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope of the catalogue. `description` is its sentence on the consent page.

    `translations` is a JSON object of that sentence by language. `owner` is the file that made the
    scope, or `manual`, and `version` grows with every change.
    """

    name: str
    description: str
    translations: str
    owner: str
    version: int
    created_at: datetime

    @property
    def texts(self) -> Mapping[str, str]:
        """The translations, by language."""
        texts: dict[str, str] = json.loads(self.translations)
        return texts

    def text_in(self, language: str) -> str:
        """Return the sentence in a language, or else the description."""
        return self.texts.get(language) or self.description
