"""Types of authorization details (RFC 9396)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Boolean, Column, Integer, String, Table, Text

from app.database.types import Instant
from app.models.clients.clients import Client
from app.models.oauth.resources import Resource
from app.models.tables import metadata

authorization_types = Table(
    "authorization_types",
    metadata,
    Column("name", String(128), primary_key=True),
    Column("json_schema", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("translations", Text, nullable=False),
    Column("is_open_to_all_clients", Boolean, nullable=False),
    Column("resource_names", Text, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
)

authorization_type_clients = Table(
    "authorization_type_clients",
    metadata,
    Column("authorization_type", String(128), primary_key=True),
    Column("client_id", String(255), primary_key=True, index=True),
)


@dataclass(frozen=True)
class AuthorizationType:
    """A type of authorization details.

    `json_schema` is the schema of the members of a detail, and `translations` an object of its
    sentence by language, both as JSON. `clients` are those that may request it unless it is open to
    all. `resource_names` are separated by spaces; only access tokens for these resources have
    details of the type, or all access tokens if there are none.
    """

    name: str
    json_schema: str
    description: str
    translations: str
    is_open_to_all_clients: bool
    resource_names: str
    owner: str
    version: int
    created_at: datetime
    clients: frozenset[str]

    @cached_property
    def schema(self) -> Mapping[str, Any]:
        schema: dict[str, Any] = json.loads(self.json_schema)
        return schema

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The translations, by language."""
        texts: dict[str, str] = json.loads(self.translations)
        return texts

    @cached_property
    def resources(self) -> frozenset[str]:
        return frozenset(self.resource_names.split())

    def text_in(self, language: str) -> str:
        """Return the sentence in a language, or else the description."""
        return self.texts.get(language) or self.description

    def may_be_requested_by(self, client: Client) -> bool:
        """Return whether a client may request it; its metadata may limit it to other types."""
        registered = client.registered_metadata.authorization_details_types
        is_registered = not registered or self.name in registered
        is_allowed = self.is_open_to_all_clients or client.client_id in self.clients
        return is_registered and is_allowed

    def is_for(self, resource: Resource | None) -> bool:
        """Return whether the access tokens for a resource, or for none, have its details."""
        return not self.resources or (resource is not None and resource.name in self.resources)
