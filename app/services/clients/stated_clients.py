"""Rows of clients, made from the metadata that is stated for them."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from app.models.clients.clients import Client
from app.schemas.clients import ClientCreate
from app.schemas.registration import ClientRegister
from app.security.tokens import new_client_id

NOT_SHOWN = frozenset({"jwks"})
"""Metadata that is too large for the audit log."""


def client_from(
    body: ClientCreate | ClientRegister,
    *,
    client_name: str,
    scope: str,
    now: datetime,
    **columns: Any,
) -> Client:
    """Return a new client with the metadata of a body, and other `columns`."""
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
        "created_at": now,
        "trust": "none",
        "sector_identifier": None,
        "registration_token_digest": None,
        "registration_expires_at": None,
    }
    return Client(**{**values, **columns})


def stated_members(client: Client) -> dict[str, Any]:
    """Return the metadata of a client as a body states it (RFC 7591 section 2)."""
    return {
        **client.metadata_members,
        "client_name": client.client_name,
        "redirect_uris": client.redirect_uri_list,
        "grant_types": client.grant_types.split(),
        "scope": client.scope,
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
    }


def shown_client(client: Client) -> Mapping[str, Any]:
    """Return what the audit log says about a client."""
    members = {**stated_members(client), "owner": client.owner}
    return {name: value for name, value in members.items() if name not in NOT_SHOWN}
