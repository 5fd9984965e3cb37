"""The admin API: one file per kind of objects, and one line for it below."""

from app.routers.admin import groups, openapi, roles
from app.routers.admin.routes import PREFIX

__all__ = ["ADMIN_ROUTERS", "PREFIX"]

ADMIN_ROUTERS = (
    groups.router,
    roles.router,
    openapi.router,
)
