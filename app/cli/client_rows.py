"""Rows that describe clients."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.parameters import argument

if TYPE_CHECKING:
    from app.models.clients.clients import Client
    from app.services.clients.clients import NewClient
    from app.services.clients.usage import ClientUsage

ClientId = Annotated[str, argument()]


def row_of_client(client: "Client") -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "client_name": client.client_name,
        "grant_types": client.grant_types.split(),
        "scope": client.scope,
        "redirect_uris": client.redirect_uri_list,
        "token_endpoint_auth_method": client.token_endpoint_auth_method,
        "trust": client.trust,
        "disabled": client.is_disabled,
        "created_at": client.created_at.isoformat(timespec="seconds"),
    }


def details_of_client(client: "Client", usage: "ClientUsage") -> dict[str, Any]:
    """Return a row with what only `clients show` prints."""
    return {
        **row_of_client(client),
        "metadata": dict(client.metadata_members),
        "policies": policies_of(client),
        "admin_scopes": client.admin_scopes.split(),
        "default_resource": client.default_resource,
        "secret_expires_at": _text(client.secret_expires_at),
        "previous_secret_expires_at": _text(client.previous_secret_expires_at),
        "owner": client.owner,
        "has_registration_token": client.registration_token_digest is not None,
        "users": usage.users,
        "last_token_at": _text(usage.last_token_at),
    }


def row_of_new_client(new: "NewClient") -> dict[str, Any]:
    """Return a row with the secret if there is one, which is shown once."""
    secret = {"client_secret": new.secret} if new.secret is not None else {}
    return {**row_of_client(new.client), **secret}


def policies_of(client: "Client") -> dict[str, Any]:
    policies = client.policies_in_force
    if policies is None:
        return {}
    return policies.model_dump(mode="json", exclude_defaults=True)


def _text(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at is not None else None
