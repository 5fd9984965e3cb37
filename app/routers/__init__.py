"""JSON and protocol endpoints: one file a thing, one line a router below."""

from fastapi import APIRouter

from app.routers import (
    clients,
    introspection,
    metadata,
    operations,
    otp,
    profile,
    revocation,
    token,
    users,
)
from app.routers.hot import HotEndpoint

ROUTERS: tuple[APIRouter, ...] = (
    users.router,
    otp.router,
    clients.router,
    token.router,
    profile.router,
    introspection.router,
    revocation.router,
    metadata.router,
    operations.router,
)

HOT_ENDPOINTS: tuple[HotEndpoint, ...] = (
    token.TOKEN,
    introspection.INTROSPECT,
    revocation.REVOKE,
    profile.PROFILE,
    metadata.METADATA,
)
