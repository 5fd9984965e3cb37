"""Resources: the services that tokens are meant for (RFC 8707).

An identifier or alias is stored in the form of `app.security.resource_identifiers.key_of`, and is
unique over all resources.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlalchemy import Boolean, Column, Integer, String, Table, Text, false

from app.database.types import Instant
from app.models.tables import metadata
from app.schemas.resource_policies import ResourcePolicies, parse_resource_policies

resources = Table(
    "resources",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("identifier", String(500), nullable=False, unique=True),
    Column("title", String(200), nullable=False),
    Column("token_format", String(16), nullable=False),
    Column("signing_alg", String(16), nullable=False),
    Column("access_token_ttl", Integer),
    Column("is_open_to_all_clients", Boolean, nullable=False),
    Column("shows_metadata", Boolean, nullable=False),
    Column("allows_personal_tokens", Boolean, nullable=False),
    Column("policies", Text),
    Column("owner", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("is_for_agents", Boolean, nullable=False, server_default=false()),
)

resource_identifiers = Table(
    "resource_identifiers",
    metadata,
    Column("identifier", String(500), primary_key=True),
    Column("resource", String(64), nullable=False, index=True),
)

resource_scopes = Table(
    "resource_scopes",
    metadata,
    Column("resource", String(64), primary_key=True),
    Column("name", String(128), primary_key=True),
    Column("description", Text, nullable=False),
    Column("translations", Text, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("implies", Text, nullable=False),
)

resource_clients = Table(
    "resource_clients",
    metadata,
    Column("resource", String(64), primary_key=True),
    Column("client_id", String(255), primary_key=True, index=True),
    Column("may_request", Boolean, nullable=False),
    Column("is_server", Boolean, nullable=False),
)


@dataclass(frozen=True, slots=True)
class ResourceScope:
    """A scope of one resource; `description` is its sentence on the consent page.

    `translations` is a JSON object of that sentence by language. `implies` are the narrower scopes
    of the resource that it includes, separated by spaces.
    """

    name: str
    description: str
    translations: str
    is_default: bool
    implies: str

    @property
    def texts(self) -> Mapping[str, str]:
        """The translations, by language."""
        texts: dict[str, str] = json.loads(self.translations)
        return texts

    def text_in(self, language: str) -> str:
        """Return the sentence in a language, or else the description."""
        return self.texts.get(language) or self.description


@dataclass(frozen=True)
class Resource:
    """A resource with its scopes, aliases and clients.

    `name` is its short name, and `identifier` the audience of its tokens. `requesters` are the
    clients that may request it unless it is open to all, and `servers` the confidential clients
    that act as its server: they may introspect its tokens. `access_token_ttl` is in seconds.
    `policies` is a JSON object (`ResourcePolicies`), or None. Clients with a metadata document may
    request a resource that `is_for_agents`.
    """

    name: str
    identifier: str
    title: str
    token_format: str
    signing_alg: str
    access_token_ttl: int | None
    is_open_to_all_clients: bool
    shows_metadata: bool
    allows_personal_tokens: bool
    policies: str | None
    owner: str
    version: int
    created_at: datetime
    is_for_agents: bool
    aliases: frozenset[str]
    scopes: tuple[ResourceScope, ...]
    requesters: frozenset[str]
    servers: frozenset[str]

    @property
    def policies_in_force(self) -> ResourcePolicies:
        return parse_resource_policies(self.policies or "{}")

    @cached_property
    def scopes_by_name(self) -> Mapping[str, ResourceScope]:
        return {scope.name: scope for scope in self.scopes}

    @cached_property
    def default_scopes(self) -> tuple[str, ...]:
        """The scopes that a request without `scope` gets."""
        return tuple(scope.name for scope in self.scopes if scope.is_default)

    def with_implied(self, names: Iterable[str]) -> frozenset[str]:
        """Return scopes of this resource with all that they imply, directly or not."""
        known, pending = set[str](), [name for name in names if name in self.scopes_by_name]
        while pending:
            name = pending.pop()
            if name not in known:
                known.add(name)
                pending += self.scopes_by_name[name].implies.split()
        return frozenset(known)

    def existed_at(self, instant: datetime) -> bool:
        """Return whether what was issued then is for this resource, not for an earlier one that had
        the same identifier. JWTs have whole seconds."""
        return self.created_at.replace(microsecond=0) <= instant

    def may_be_requested_by(self, client_id: str) -> bool:
        return self.is_open_to_all_clients or client_id in self.requesters

    def is_served_by(self, client_id: str) -> bool:
        """Return whether a client acts as the server of this resource."""
        return client_id in self.servers
