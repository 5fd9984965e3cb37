"""Clients of the original Flask server, as they are imported."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from app.outbound.flask_file import FlaskClient
from app.schemas.clients import ClientCreate
from app.services.accounts.imports.candidates import problems_in, shown
from app.services.clients.imports import ImportedClient

LATEST_TIME = 2**32


def place_of(row: FlaskClient) -> str:
    return f"client {shown(str(row.client_id))}"


def repeated_ids(rows: Sequence[FlaskClient]) -> frozenset[str]:
    """Return the ids that several rows have: that server did not require them to be unique."""
    counts = Counter(str(row.client_id) for row in rows)
    return frozenset(client_id for client_id, count in counts.items() if count > 1)


def client_in(row: FlaskClient) -> tuple[ImportedClient | None, Sequence[str]]:
    """Return the client of a row, or None and what is wrong with it."""
    if row.client_id is None:
        return None, ["client_id: is missing"]
    if row.metadata is None:
        return None, ["client_metadata: must be a JSON object"]
    if row.expires_at:
        return None, ["client_secret_expires_at: a secret that expires cannot be imported"]
    if not row.metadata.get("grant_types"):
        return None, ["grant_types: must name a grant"]
    client_id, name = str(row.client_id), row.client_name or row.metadata.get("client_name") or ""
    try:
        body = ClientCreate.model_validate(_body_of(row.metadata, name=name or client_id))
    except ValidationError as error:
        return None, list(problems_in(error))
    client = ImportedClient(
        client_id=client_id,
        name=body.client_name if name else "",
        secret=None if body.is_public else str(row.client_secret or ""),
        created_at=_moment(row.issued_at),
        body=body,
    )
    return client, []


def _body_of(metadata: dict[str, Any], *, name: Any) -> dict[str, Any]:
    """Return the metadata for this server. That server stored the redirect URI as `client_uri`."""
    first_uri = metadata.get("client_uri")
    return {
        "client_name": name,
        "redirect_uris": metadata.get("redirect_uris") or ([first_uri] if first_uri else []),
        "grant_types": metadata.get("grant_types"),
        "response_types": metadata.get("response_types") or [],
        "scope": metadata.get("scope") or "",
        "token_endpoint_auth_method": metadata.get("token_endpoint_auth_method") or None,
    }


def _moment(seconds: Any) -> datetime | None:
    """Return a time in seconds since 1970, or None for anything else."""
    if not isinstance(seconds, int) or not 0 < seconds < LATEST_TIME:
        return None
    return datetime.fromtimestamp(seconds, UTC)
