"""Errors for expired or answered requests: a page that leads the user back to the client."""

from app.models.clients import Client
from app.oauth.authorization.requests import UntrustedRequestError

CameFrom = tuple[Client, str] | None
"""The client and the redirect URI that it requested, or None if the request is unknown."""


def expired(reason: str, came_from: CameFrom = None) -> UntrustedRequestError:
    return UntrustedRequestError(
        "This page has expired. Go back to the application and begin again.",
        error="expired_request",
        reason=reason,
        came_from=came_from,
    )


def complete(came_from: CameFrom) -> UntrustedRequestError:
    return UntrustedRequestError(
        "This sign-in is complete. Go back to the application.",
        error="used_request",
        reason="the pending request was answered before",
        came_from=came_from,
    )
