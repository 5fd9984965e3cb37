"""Rules of the FAPI 2.0 Security Profile that several endpoints share."""

from app.models.clients.clients import Client
from app.oauth.descriptions import Description
from app.oauth.errors import UnauthorizedClientError
from app.services.clients.fapi import FAPI_GRANT_TYPES, FapiProfile


def require_grant_of_profile(fapi: FapiProfile, client: Client, grant_type: str) -> None:
    """Refuse a grant that the FAPI 2.0 profile of a client does not describe.

    Raises `UnauthorizedClientError`.
    """
    if grant_type not in FAPI_GRANT_TYPES and fapi.holds_for(client):
        raise UnauthorizedClientError(
            Description.GRANT_TYPE_NOT_IN_PROFILE,
            reason=f"the FAPI 2.0 profile does not allow the grant type {grant_type}",
        )
