"""OAuth clients (RFC 6749 section 2), with the field names of RFC 7591."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from authlib.oauth2.rfc6749 import ClientMixin
from sqlalchemy import Column, Integer, LargeBinary, String, Table, Text, text

from app.database.types import Instant
from app.models.clients.registered_metadata import RegisteredMetadata
from app.models.tables import index_where_set, metadata
from app.schemas.client_policies import ClientPolicies, parse_policies
from app.security.document_urls import is_of_document

BOUND = "bound_access_tokens"
"""The end of the names `dpop_bound_access_tokens` and
`tls_client_certificate_bound_access_tokens`."""
BY_SECRET = ("client_secret_basic", "client_secret_post")
DOCUMENT = "client_id_document"
"""The member of `metadata` that only clients with a metadata document have: where it is."""

clients = Table(
    "clients",
    metadata,
    Column("client_id", String(255), primary_key=True),
    Column("client_name", String(200), nullable=False),
    Column("unique_name", String(200), unique=True),
    Column("secret_digest", LargeBinary),
    Column("token_endpoint_auth_method", String(40)),
    Column("grant_types", Text, nullable=False),
    Column("response_types", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("redirect_uris", Text, nullable=False),
    Column("metadata", Text, nullable=False),
    Column("disabled_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("trust", String(20), nullable=False, server_default="none"),
    Column("sector_identifier", String(255)),
    Column("registration_token_digest", LargeBinary),
    Column("registration_expires_at", Instant),
    Column("policies", Text),
    Column("admin_scopes", Text, nullable=False, server_default=text("''")),
    Column("owner", String(64), nullable=False, server_default="manual"),
    Column("version", Integer, nullable=False, server_default="1"),
    Column("secret_expires_at", Instant),
    Column("previous_secret_digest", LargeBinary),
    Column("previous_secret_expires_at", Instant),
    Column("admin_scopes_since", Text),
    Column("default_resource", String(64)),
    index_where_set("ix_clients_registration_expires_at", "registration_expires_at"),
    index_where_set("ix_clients_default_resource", "default_resource"),
)


class ClientColumns(NamedTuple):
    """The columns of a client, in the order of the lookup."""

    client_id: str
    client_name: str
    unique_name: str | None
    secret_digest: bytes | None
    token_endpoint_auth_method: str | None
    grant_types: str
    response_types: str
    scope: str
    redirect_uris: str
    metadata: str
    disabled_at: datetime | None
    created_at: datetime
    trust: str
    sector_identifier: str | None
    registration_token_digest: bytes | None
    registration_expires_at: datetime | None
    policies: str | None = None
    admin_scopes: str = ""
    owner: str = "manual"
    version: int = 1
    secret_expires_at: datetime | None = None
    previous_secret_digest: bytes | None = None
    previous_secret_expires_at: datetime | None = None
    admin_scopes_since: str | None = None
    default_resource: str | None = None


class Client(ClientColumns, ClientMixin):
    """A registered client.

    `token_endpoint_auth_method` is None if the client did not choose one: then every method that
    proves its secret is allowed. `unique_name` is set for clients of `/create_client` only.
    `metadata` is a JSON object of its other registered metadata (RFC 7591 section 2). Lists are
    stored as strings separated by spaces, since a URI cannot contain a space.

    `trust` is set by an administrator: `none`, `verified`, or `first_party` for the operator's own
    clients, which do not need consent. `sector_identifier` is set for pairwise subjects only
    (OpenID Connect Core section 8.1). A client that registered itself has a registration access
    token (RFC 7592), and has `registration_expires_at` until it is first used.

    `policies` is a JSON object (`ClientPolicies`), or None for a client that has the general ones.
    `admin_scopes` are the scopes of the admin API that an administrator allows the client; those in
    `scope` are never read for this. `admin_scopes_since` is a JSON object of the times since which
    it may have them. `owner` is the file that made the client, or `manual`, and
    `version` grows with every change. While a secret is being replaced, the previous one is valid
    until `previous_secret_expires_at`. `default_resource` is the short name of the resource that
    its requests are for if they name none.
    """

    @property
    def has_document(self) -> bool:
        """Whether the client is described by a document that its identifier names."""
        return is_of_document(self.client_id)

    @property
    def identifier(self) -> str:
        """The identifier as the client sends it; `client_id` is the stored form of it."""
        if not self.has_document:
            return self.client_id
        url: str = self.metadata_members[DOCUMENT]["client_id"]
        return url

    @cached_property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.scope.split())

    @property
    def allowed_scope(self) -> str:
        """The registered scope within the policies: no grant issues any other."""
        if self.policies is None:
            return self.scope
        policies = self.policies_in_force
        if policies is None or policies.allowed_scopes is None:
            return self.scope
        return " ".join(name for name in self.scope.split() if name in policies.allowed_scopes)

    @cached_property
    def allowed_scopes(self) -> frozenset[str]:
        return frozenset(self.allowed_scope.split())

    def allows_resource(self, name: str) -> bool:
        """Return whether the policies let the client request the resource of a short name."""
        policies = self.policies_in_force
        allowed = policies.allowed_resources if policies is not None else None
        return allowed is None or name in allowed

    @cached_property
    def listed_admin_scopes(self) -> Mapping[str, datetime]:
        """The scopes of the admin API that the client may have, and since when."""
        if not self.admin_scopes or self.admin_scopes_since is None:
            return {}
        since: dict[str, str] = json.loads(self.admin_scopes_since)
        listed = self.admin_scopes.split()
        return {name: datetime.fromisoformat(since[name]) for name in listed if name in since}

    @cached_property
    def grantable_scopes(self) -> frozenset[str]:
        """The scopes that a grant may issue: those within the policies, and of the admin API those
        that an administrator listed."""
        return self.allowed_scopes | self.listed_admin_scopes.keys()

    @cached_property
    def redirect_uri_list(self) -> list[str]:
        return self.redirect_uris.split()

    @cached_property
    def metadata_members(self) -> Mapping[str, Any]:
        """The members of `metadata` as the client stated them, in every language."""
        members: dict[str, Any] = json.loads(self.metadata)
        return members

    @cached_property
    def registered_metadata(self) -> RegisteredMetadata:
        return RegisteredMetadata.of(self.metadata_members)

    @property
    def policies_in_force(self) -> ClientPolicies | None:
        """The policies of this client, or None if it has none of its own."""
        return parse_policies(self.policies) if self.policies is not None else None

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None

    def has_valid_secret(self, now: datetime) -> bool:
        """Whether the current secret is valid."""
        is_expired = self.secret_expires_at is not None and self.secret_expires_at <= now
        return self.secret_digest is not None and not is_expired

    def has_valid_previous_secret(self, now: datetime) -> bool:
        """Whether the secret that is being replaced is still valid."""
        expires_at = self.previous_secret_expires_at
        return (
            self.previous_secret_digest is not None and expires_at is not None and expires_at > now
        )

    @property
    def is_public(self) -> bool:
        return self.token_endpoint_auth_method == "none"

    @property
    def requires_pkce(self) -> bool:
        """Whether this client must use PKCE, even if the server does not require it in general."""
        if self.is_public or self.registered_metadata.require_pkce:
            return True
        policies = self.policies_in_force
        return policies is not None and bool(policies.require_pkce)

    @property
    def states_binding(self) -> bool:
        """Whether the metadata says if access tokens are bound to a key or to a certificate.

        Each token request asks this, and parsing the metadata takes longer than a search for the
        names.
        """
        return BOUND in self.metadata

    @property
    def requires_dpop(self) -> bool:
        """Whether all access tokens of this client are bound to a key (RFC 9449 section 5.2)."""
        return self.states_binding and self.registered_metadata.dpop_bound_access_tokens

    @property
    def has_certificate_bound_tokens(self) -> bool:
        """Whether access tokens are bound to the client's certificate (RFC 8705 section 3.4)."""
        return (
            self.states_binding
            and self.registered_metadata.tls_client_certificate_bound_access_tokens
        )

    @property
    def has_fapi_profile(self) -> bool:
        """Whether the policies hold the client to the FAPI 2.0 Security Profile."""
        policies = self.policies_in_force
        return policies is not None and policies.profile is not None

    @property
    def requires_dpop_nonce(self) -> bool:
        policies = self.policies_in_force
        return policies is not None and policies.require_dpop_nonce

    def get_default_redirect_uri(self) -> str:
        """Return the only registered redirect URI, or "" (RFC 6749 section 3.1.2.3)."""
        return self.redirect_uri_list[0] if len(self.redirect_uri_list) == 1 else ""

    def get_allowed_scope(self, scope: Collection[str] | str) -> str:
        """Return the part of a scope that the client may have."""
        names = scope.split() if isinstance(scope, str) else scope
        return " ".join(name for name in names if name in self.grantable_scopes)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        if self.token_endpoint_auth_method is not None:
            return method == self.token_endpoint_auth_method
        return method in BY_SECRET

    def check_response_type(self, response_type: str) -> bool:
        return response_type in self.response_types.split()

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grant_types.split()
