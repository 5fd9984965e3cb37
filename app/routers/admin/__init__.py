"""The admin API: one file per kind of objects, and one line for it below."""

from app.routers.admin import (
    attributes,
    client_credentials,
    client_policies,
    clients,
    groups,
    openapi,
    roles,
    user_actions,
    users,
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
    openapi.router,
)
