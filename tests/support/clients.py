"""Clients for tests of protocol code, without a database."""

import json
from datetime import UTC, datetime
from typing import Any

from app.models.clients.clients import Client


def client_with(client_id: str = "a-client", **metadata: Any) -> Client:
    """Return a client registered with this metadata (RFC 7591 section 2)."""
    return Client(
        client_id=client_id,
        client_name=client_id,
        unique_name=None,
        secret_digest=None,
        token_endpoint_auth_method="private_key_jwt",
        grant_types="authorization_code",
        response_types="code",
        scope="openid",
        redirect_uris="https://client.example/callback",
        metadata=json.dumps(metadata),
        disabled_at=None,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        trust="none",
        sector_identifier=None,
        registration_token_digest=None,
        registration_expires_at=None,
    )
