"""Scopes of the admin API.

Which of them a client may have is a list of its own that only an administrator writes. They are
not in `scopes_supported`, and never read from a client's `scope` metadata.
"""

from enum import StrEnum


class AdminScope(StrEnum):
    """A scope of the admin API. `admin` includes all others."""

    ADMIN = "admin"
    USERS_READ = "users:read"
    USERS_WRITE = "users:write"
    GROUPS_READ = "groups:read"
    GROUPS_WRITE = "groups:write"
    ROLES_READ = "roles:read"
    ROLES_WRITE = "roles:write"
    CLIENTS_READ = "clients:read"
    CLIENTS_WRITE = "clients:write"
    SCOPES_READ = "scopes:read"
    SCOPES_WRITE = "scopes:write"
    RESOURCES_READ = "resources:read"
    RESOURCES_WRITE = "resources:write"
    ISSUERS_READ = "issuers:read"
    ISSUERS_WRITE = "issuers:write"
    PROVIDERS_READ = "providers:read"
    PROVIDERS_WRITE = "providers:write"
    POLICIES_READ = "policies:read"
    POLICIES_WRITE = "policies:write"
    TOKENS_READ = "tokens:read"
    TOKENS_WRITE = "tokens:write"
    SESSIONS_READ = "sessions:read"
    SESSIONS_WRITE = "sessions:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    AUDIT_READ = "audit:read"
    MAIL_READ = "mail:read"
    REFUSALS_READ = "refusals:read"
    SETTINGS_READ = "settings:read"

    @property
    def changes(self) -> bool:
        """Whether the scope allows changes; an auditor has only those that do not."""
        return self is AdminScope.ADMIN or self.endswith(":write")
