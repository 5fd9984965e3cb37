"""Issuers whose JWTs stand for a client or a user (RFC 7523 section 2.1)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Column, Integer, String, Table, Text

from app.database.types import Instant
from app.models.tables import index_where_set, metadata

trusted_issuers = Table(
    "trusted_issuers",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("issuer", String(300), nullable=False, index=True),
    Column("jwks_uri", Text),
    Column("jwks", Text),
    Column("algorithms", Text, nullable=False),
    Column("audience", String(500), nullable=False),
    Column("subjects", Text, nullable=False),
    Column("client_id", String(255)),
    Column("user_id", String(32)),
    Column("presenters", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("resource_names", Text, nullable=False),
    Column("required_claims", Text, nullable=False),
    Column("maximum_age", Integer, nullable=False),
    Column("owner", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("identity_rules", Text),
    index_where_set("ix_trusted_issuers_user_id", "user_id"),
)


@dataclass(frozen=True, slots=True)
class IdentityRules:
    """How the identity assertions (ID-JAGs) of an issuer are accepted.

    A user without a linked identity is found by a verified address in `email_domains` only.
    `accepted_for` is how long after its `iat` an assertion is accepted at most, in seconds.
    `creates_users` says that an assertion of an unknown subject creates its user.
    """

    email_domains: tuple[str, ...]
    accepted_for: int
    is_single_use: bool
    creates_users: bool


@dataclass(frozen=True)
class TrustedIssuer:
    """An issuer with the subjects that stand for one client or one user, or for users of its own.

    Several rows can have the same `issuer`, the exact `iss` of its JWTs. Either `jwks_uri` or
    `jwks`, a JSON object, has its keys, which verify nothing of another row. `subjects` are
    patterns of `app.security.subject_patterns`. `presenters` are the clients that may present a JWT
    for the user of `user_id`; a JWT for the client of `client_id` speaks for itself. `scopes` and
    `resource_names` are the most that a token gets. `required_claims` is a JSON object of values
    by name or path. `maximum_age` is the longest lifetime of a JWT, in seconds. Lists are separated
    by spaces. `owner` is the file that made the row, or `manual`. `identity_rules` is a JSON object
    for an issuer of identity assertions, whose subjects stand for its own users.
    """

    name: str
    issuer: str
    jwks_uri: str | None
    jwks: str | None
    algorithms: str
    audience: str
    subjects: str
    client_id: str | None
    user_id: str | None
    presenters: str
    scopes: str
    resource_names: str
    required_claims: str
    maximum_age: int
    owner: str
    version: int
    created_at: datetime
    identity_rules: str | None

    @cached_property
    def keys(self) -> Mapping[str, Any] | None:
        """The JWK Set of a row without a `jwks_uri`."""
        keys: Mapping[str, Any] | None = json.loads(self.jwks) if self.jwks is not None else None
        return keys

    @cached_property
    def claims(self) -> Mapping[str, str]:
        """The values that claims must have, by name or path."""
        claims: dict[str, str] = json.loads(self.required_claims)
        return claims

    @cached_property
    def identities(self) -> IdentityRules | None:
        """The rules for identity assertions, or None if the row is not for them."""
        if self.identity_rules is None:
            return None
        rules = json.loads(self.identity_rules)
        return IdentityRules(
            email_domains=tuple(rules["email_domains"]),
            accepted_for=int(rules["accepted_for"]),
            is_single_use=bool(rules["single_use"]),
            creates_users=bool(rules.get("create_users")),  # rows of earlier releases have none
        )

    def may_be_presented_by(self, client_id: str) -> bool:
        """Return whether a client may present a JWT of this row, having authenticated."""
        return client_id == self.client_id or client_id in self.presenters.split()
