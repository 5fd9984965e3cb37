"""The admin API: one file per kind of objects, and one line for it below."""

from app.routers.admin import (
    attributes,
    audit_events,
    client_credentials,
    client_policies,
    clients,
    groups,
    identity_providers,
    initial_access_tokens,
    mails,
    openapi,
    refusals,
    roles,
    scopes,
    sessions,
    signing_keys,
    user_actions,
    users,
    webhooks,
)
from app.routers.admin.routes import PREFIX

__all__ = ["ADMIN_ROUTERS", "PREFIX"]

ADMIN_ROUTERS = (
    users.router,
    user_actions.router,
    user_actions.invitations,
    groups.router,
    roles.router,
    attributes.router,
    clients.router,
    client_credentials.router,
    client_policies.router,
    scopes.router,
    identity_providers.router,
    initial_access_tokens.router,
    sessions.router,
    signing_keys.router,
    webhooks.router,
    audit_events.router,
    refusals.router,
    mails.router,
    openapi.router,
)
