"""Parameters of authorization requests for which a client can register a default (OpenID Connect
Dynamic Client Registration section 2)."""

from datetime import timedelta

from app.models.clients.clients import Client
from app.oauth.descriptions import Description
from app.oauth.errors import InvalidRequestError

MAXIMUM_AGE_DIGITS = 9


def max_age_of(client: Client, text: str | None) -> timedelta | None:
    """Return `max_age`, or `default_max_age` if the request has none."""
    if text is None:
        default = client.registered_metadata.default_max_age
        return timedelta(seconds=default) if default is not None else None
    if not text.isascii() or not text.isdigit() or len(text) > MAXIMUM_AGE_DIGITS:
        raise InvalidRequestError(Description.PARAMETER_MALFORMED.format(name="max_age"))
    return timedelta(seconds=int(text))


def acr_values_of(client: Client, text: str | None) -> tuple[str, ...]:
    """Return `acr_values`, or `default_acr_values` if the request has none."""
    if text is None:
        return tuple(client.registered_metadata.default_acr_values)
    return tuple(text.split())
