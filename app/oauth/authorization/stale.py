"""Errors for expired or answered requests: a page that leads the user back to the client."""

from app.models.clients.clients import Client
from app.oauth.authorization.requests import UntrustedRequestError

CameFrom = tuple[Client, str] | None
"""The client and the redirect URI that it requested, or None if the request is unknown."""


def expired(reason: str, came_from: CameFrom = None) -> UntrustedRequestError:
    return UntrustedRequestError(
        "This page has expired. Go back to the app and start again.",
        error="expired_request",
        reason=reason,
        came_from=came_from,
    )


def complete(came_from: CameFrom) -> UntrustedRequestError:
    return UntrustedRequestError(
        "This sign-in is already complete. Go back to the app.",
        error="used_request",
        reason="the pending request is already complete",
        came_from=came_from,
    )
