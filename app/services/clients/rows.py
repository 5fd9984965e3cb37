"""The row of a new client."""

import json
from datetime import datetime
from typing import Any

from app.models.clients.clients import Client
from app.schemas.clients import ClientCreate
from app.schemas.registration import ClientRegister
from app.security.tokens import new_client_id


def client_of(
    body: ClientCreate | ClientRegister,
    *,
    client_name: str,
    scope: str,
    created_at: datetime,
    **further: Any,
) -> Client:
    """Return a client with this metadata. `further` are columns with other than usual values."""
    values = {
        "client_id": new_client_id(),
        "client_name": client_name,
        "unique_name": None,
        "secret_digest": None,
        "token_endpoint_auth_method": body.token_endpoint_auth_method,
        "grant_types": " ".join(dict.fromkeys(body.grant_types)),
        "response_types": " ".join(body.response_types),
        "scope": scope,
        "redirect_uris": " ".join(body.all_redirect_uris),
        "metadata": json.dumps(body.stated_metadata()),
        "disabled_at": None,
        "created_at": created_at,
        "trust": "none",
        "sector_identifier": None,
        "registration_token_digest": None,
        "registration_expires_at": None,
    }
    return Client(**{**values, **further})
