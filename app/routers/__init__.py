"""JSON and protocol endpoints: one file per feature, one line per router below."""

from fastapi import APIRouter

from app.routers import (
    clients,
    device_authorization,
    introspection,
    jwks,
    metadata,
    operations,
    otp,
    profile,
    pushed_authorization,
    registration,
    revocation,
    token,
    userinfo,
    users,
)
from app.routers.hot import HotEndpoint

ROUTERS: tuple[APIRouter, ...] = (
    users.router,
    otp.router,
    clients.router,
    registration.router,
    token.router,
    profile.router,
    userinfo.router,
    pushed_authorization.router,
    device_authorization.router,
    jwks.router,
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
    userinfo.USERINFO_GET,
    userinfo.USERINFO_POST,
    pushed_authorization.PUSH,
    device_authorization.DEVICE_AUTHORIZATION,
    jwks.JWKS,
    metadata.METADATA,
    metadata.OPENID_CONFIGURATION,
)
