"""Errors for expired or answered requests: a page that leads the user back to the client."""

from app.details import Detail
from app.models.clients.clients import Client
from app.oauth.authorization.requests import UntrustedRequestError

CameFrom = tuple[Client, str] | None
"""The client and the redirect URI that it requested, or None if the request is unknown."""


def expired(reason: str, came_from: CameFrom = None) -> UntrustedRequestError:
    return UntrustedRequestError(
        Detail.REQUEST_EXPIRED,
        reason=reason,
        came_from=came_from,
    )


def complete(came_from: CameFrom) -> UntrustedRequestError:
    return UntrustedRequestError(
        Detail.REQUEST_COMPLETE,
        reason="the pending request is already complete",
        came_from=came_from,
    )
