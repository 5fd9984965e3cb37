"""JSON and protocol endpoints: one file per feature, one line per endpoint below."""

from collections.abc import Sequence

from fastapi import APIRouter

from app.oauth.grants import Grants
from app.routers import (
    clients,
    operations,
    otp,
    registration,
    resource_metadata,
    users,
    webfinger,
)
from app.routers.device_authorization import DEVICE_AUTHORIZATION
from app.routers.hot import HotEndpoint, router_of
from app.routers.introspection import INTROSPECT
from app.routers.jwks import JWKS
from app.routers.metadata import METADATA, OPENID_CONFIGURATION
from app.routers.profile import PROFILE
from app.routers.pushed_authorization import PUSH
from app.routers.revocation import REVOKE
from app.routers.token import token_endpoint
from app.routers.userinfo import USERINFO_GET, USERINFO_POST


def hot_endpoints(grants: Grants) -> tuple[HotEndpoint, ...]:
    """Return the endpoints of the fast lane, in the order of the documentation."""
    return (
        token_endpoint(grants),
        PROFILE,
        USERINFO_GET,
        USERINFO_POST,
        PUSH,
        DEVICE_AUTHORIZATION,
        JWKS,
        INTROSPECT,
        REVOKE,
        METADATA,
        OPENID_CONFIGURATION,
    )


def routers(endpoints: Sequence[HotEndpoint]) -> tuple[APIRouter, ...]:
    """Return all routers but those of the admin API, with the endpoints of the fast lane."""
    return (
        users.router,
        otp.router,
        clients.router,
        registration.router,
        router_of(endpoints),
        webfinger.router,
        resource_metadata.router,
        operations.router,
    )
