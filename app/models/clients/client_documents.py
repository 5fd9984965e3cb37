"""Documents of clients (draft-ietf-oauth-client-id-metadata-document), and blocked hosts."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text

from app.database.types import Instant
from app.models.clients.clients import DOCUMENT, Client
from app.models.tables import metadata

client_documents = Table(
    "client_documents",
    metadata,
    Column("client_id", String(255), primary_key=True),
    Column("url", Text, nullable=False),
    Column("host", String(255), nullable=False, index=True),
    Column("members", Text, nullable=False),
    Column("additions", Integer, nullable=False),
    Column("missing", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("fetched_at", Instant, nullable=False),
    Column("fresh_until", Instant, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=False, index=True),
)

document_grants = Table(
    "document_grants",
    metadata,
    Column("family_id", String(32), primary_key=True),
    Column("client_id", String(255), nullable=False),
    Column("redirect_uri", Text, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Index("ix_document_grants_client_id", "client_id"),
)

blocked_client_hosts = Table(
    "blocked_client_hosts",
    metadata,
    Column("host", String(255), primary_key=True),
    Column("blocked_at", Instant, nullable=False),
)


@dataclass(frozen=True)
class ClientDocument:
    """A valid document, as it was last fetched.

    `client_id` is the stored form of its `url`. `members` is a JSON object of what this server
    takes from it (`app.oauth.client_documents.members`). `additions` is how often a redirect URI
    was added. `missing` is a JSON object of the redirect URIs of grants that the last fetches did
    not contain, with the time since which they are missing.
    """

    client_id: str
    url: str
    host: str
    members: str
    additions: int
    missing: str | None
    etag: str | None
    last_modified: str | None
    fetched_at: datetime
    fresh_until: datetime
    created_at: datetime
    used_at: datetime

    @cached_property
    def stated(self) -> Mapping[str, Any]:
        members: dict[str, Any] = json.loads(self.members)
        return members

    @property
    def redirect_uris(self) -> list[str]:
        return str(self.stated["redirect_uris"]).split()

    @property
    def missing_since(self) -> Mapping[str, datetime]:
        stored: dict[str, str] = json.loads(self.missing) if self.missing is not None else {}
        return {uri: datetime.fromisoformat(since) for uri, since in stored.items()}

    @cached_property
    def client(self) -> Client:
        """The client that the document describes."""
        stated = self.stated
        of_document = {"client_id": self.url, "additions": self.additions}
        return Client(
            client_id=self.client_id,
            client_name=stated["client_name"],
            unique_name=None,
            secret_digest=None,
            token_endpoint_auth_method=stated["token_endpoint_auth_method"],
            grant_types=stated["grant_types"],
            response_types="code",
            scope=stated["scope"],
            redirect_uris=stated["redirect_uris"],
            metadata=json.dumps({**stated["metadata"], DOCUMENT: of_document}),
            disabled_at=None,
            created_at=self.created_at,
            trust="none",
            sector_identifier=None,
            registration_token_digest=None,
            registration_expires_at=None,
            policies=stated["policies"],
        )

    def to_json(self) -> dict[str, Any]:
        """Return the document for a pending request, which carries it until a user signs in."""
        return {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "ClientDocument":
        instants = {field.name for field in fields(cls) if field.type is datetime}
        columns: dict[str, Any] = {
            name: datetime.fromisoformat(value) if name in instants else value
            for name, value in values.items()
        }
        return cls(**columns)


@dataclass(frozen=True, slots=True)
class DocumentGrant:
    """The redirect URI of a token family of a client with a document, without a loopback port."""

    family_id: str
    client_id: str
    redirect_uri: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class BlockedHost:
    """A host whose documents are refused."""

    host: str
    blocked_at: datetime
