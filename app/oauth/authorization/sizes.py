"""Limits of what an authorization request may make the server store."""

from collections.abc import Mapping

from app.oauth.descriptions import Description
from app.oauth.detail_lists import InvalidAuthorizationDetailsError
from app.oauth.errors import InvalidRequestError

MAXIMUM_BYTES = 4096
MAXIMUM_BYTES_OF = {"claims": 8192, "id_token_hint": 8192}
MAXIMUM_BYTES_IN_ALL = 16_384
"""Limit for what is stored: all names and values of a request, without its request object."""
NOT_STORED = frozenset({"request"})


def check_sizes(parameters: Mapping[str, str]) -> None:
    """Limit what an anonymous request makes the server store; raises an `OAuth2Error`."""
    total = 0
    for name, value in parameters.items():
        if name in NOT_STORED:
            continue
        size, limit = len(value.encode()), MAXIMUM_BYTES_OF.get(name, MAXIMUM_BYTES)
        if size > limit and name == "authorization_details":
            raise InvalidAuthorizationDetailsError(Description.AUTHORIZATION_DETAILS_TOO_LARGE)
        if size > limit:
            raise InvalidRequestError(Description.PARAMETER_TOO_LONG.format(name=name, limit=limit))
        total += len(name) + size
    if total > MAXIMUM_BYTES_IN_ALL:
        raise InvalidRequestError(Description.REQUEST_TOO_LONG.format(limit=MAXIMUM_BYTES_IN_ALL))
