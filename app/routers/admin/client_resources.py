"""Clients as the admin API shows them."""

from app.models.clients.clients import Client
from app.schemas.admin.clients import ClientResource
from app.services.clients.stated_clients import stated_members


def client_resource(client: Client) -> ClientResource:
    """Return what may be seen of a client, which is never a secret."""
    return ClientResource.model_validate(
        {
            **stated_members(client),
            "client_id": client.client_id,
            "response_types": client.response_types.split(),
            "trust": client.trust,
            "disabled": client.is_disabled,
            "admin_scopes": client.admin_scopes.split(),
            "default_resource": client.default_resource,
            "has_secret": client.secret_digest is not None,
            "secret_expires_at": client.secret_expires_at,
            "previous_secret_expires_at": client.previous_secret_expires_at,
            "has_registration_token": client.registration_token_digest is not None,
            "owner": client.owner,
            "created_at": client.created_at,
        }
    )
