"""Which grant types and authentication methods a client can register, by the registries."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.oauth.client_auth.base import ClientAuthMethod
from app.oauth.grants import Grants


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportedMetadata:
    """Names that clients can register.

    `restricted_grant_types` require an initial access token. Clients of `methods_with_secret` are
    issued a secret, and those of `methods_with_keys` register their public keys. Without client
    certificates no token can be bound to one.
    """

    grant_types: frozenset[str]
    public_grant_types: frozenset[str]
    restricted_grant_types: frozenset[str]
    auth_methods: frozenset[str]
    methods_with_secret: frozenset[str]
    methods_with_keys: frozenset[str]
    has_client_certificates: bool

    @classmethod
    def of(
        cls,
        grants: Grants,
        client_auth_methods: Iterable[type[ClientAuthMethod]],
        *,
        has_client_certificates: bool,
    ) -> "SupportedMetadata":
        methods = tuple(client_auth_methods)
        return cls(
            grant_types=frozenset(grant.grant_type for grant in grants),
            public_grant_types=frozenset(
                grant.grant_type for grant in grants if grant.is_for_public_clients
            ),
            restricted_grant_types=frozenset(
                grant.grant_type for grant in grants if not grant.allows_open_registration
            ),
            auth_methods=frozenset(method.name for method in methods),
            methods_with_secret=frozenset(method.name for method in methods if method.uses_secret),
            methods_with_keys=frozenset(method.name for method in methods if method.uses_keys),
            has_client_certificates=has_client_certificates,
        )
