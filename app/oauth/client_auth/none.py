"""Public clients, identified by client_id alone (RFC 6749 section 2.1, RFC 7591 section 2)."""

from app.models.clients.clients import Client
from app.oauth.client_auth.base import PUBLIC, UNKNOWN_CLIENT, ClientAuthMethod, Credentials
from app.oauth.client_auth.client_secret_basic import named_without_secret
from app.oauth.requests import FormRequest


class NoAuthentication(ClientAuthMethod):
    name = PUBLIC
    proves_identity = False
    is_chosen_by_registration = True
    uses_secret = False
    uses_keys = False
    form_parameters = frozenset({"client_id"})

    def extract(self, request: FormRequest) -> Credentials | None:
        client_id = request.form.get("client_id") or named_without_secret(request)
        return Credentials(client_id, "") if client_id is not None else None

    async def refusal(self, client: Client | None, credentials: Credentials) -> str | None:
        if client is None:
            return UNKNOWN_CLIENT
        return None if client.is_public else "a confidential client presented no credentials"
