"""Actions of the audit log that are not about a user's account; `AccountEvent` lists the others.

The values are stored in the audit log and are printed and searched by operators: never change one.
"""

from enum import StrEnum


class AuditAction(StrEnum):
    """Base of the enums of audit actions. An action is a member of exactly one of them."""


class ServerEvent(AuditAction):
    """An event of the server: its clients, identity providers, keys, administrators and log."""

    ADMINISTRATOR_REFUSED = "administrator.refused"
    AUDIT_ARCHIVED = "audit.archived"
    CLIENT_CREATED = "client.created"
    CLIENT_REGISTERED = "client.registered"
    CLIENT_IMPORTED = "client.imported"
    CLIENT_INVITED = "client.invited"
    CLIENT_CHANGED = "client.changed"
    CLIENT_DELETED = "client.deleted"
    CLIENT_DISABLED = "client.disabled"
    CLIENT_ENABLED = "client.enabled"
    CLIENT_TRUSTED = "client.trusted"
    CLIENT_SECRET_ROTATED = "client.secret_rotated"
    CLIENT_SECRET_REVOKED = "client.secret_revoked"
    CLIENT_SECRET_EXPIRY_CHANGED = "client.secret_expiry_changed"
    CLIENT_POLICIES_CHANGED = "client.policies_changed"
    CLIENT_TOKEN_REVOKED = "client.token_revoked"
    CLIENT_TOKENS_REVOKED = "client.tokens_revoked"
    USERS_EXPORTED = "users.exported"
    CLIENT_ADMIN_SCOPES_CHANGED = "client.admin_scopes_changed"
    KEYS_ROTATED = "keys.rotated"
    KEYS_REWRAPPED = "keys.rewrapped"
    PROVIDER_ADDED = "provider.added"
    PROVIDER_CHANGED = "provider.changed"
    PROVIDER_REMOVED = "provider.removed"
    PROVIDER_DISABLED = "provider.disabled"
    PROVIDER_ENABLED = "provider.enabled"
    GROUP_CREATED = "group.created"
    GROUP_CHANGED = "group.changed"
    GROUP_DELETED = "group.deleted"
    GROUP_ROLE_GRANTED = "group.role_granted"
    GROUP_ROLE_REVOKED = "group.role_revoked"
    GROUP_MAPPINGS_CHANGED = "provider.group_mappings_changed"
    ROLE_CREATED = "role.created"
    ROLE_CHANGED = "role.changed"
    ROLE_DELETED = "role.deleted"
    ATTRIBUTE_DEFINED = "attribute.defined"
    ATTRIBUTE_CHANGED = "attribute.changed"
    ATTRIBUTE_DELETED = "attribute.deleted"
    SCOPE_CREATED = "scope.created"
    SCOPE_CHANGED = "scope.changed"
    SCOPE_DELETED = "scope.deleted"
    INITIAL_ACCESS_TOKEN_REVOKED = "client.invitation_revoked"
    REGISTRATION_TOKEN_ISSUED = "client.registration_token_issued"
    REGISTRATION_TOKEN_REVOKED = "client.registration_token_revoked"
    WEBHOOK_CREATED = "webhook.created"
    WEBHOOK_CHANGED = "webhook.changed"
    WEBHOOK_DELETED = "webhook.deleted"
    WEBHOOK_DISABLED = "webhook.disabled"
    WEBHOOK_SECRET_ROTATED = "webhook.secret_rotated"
