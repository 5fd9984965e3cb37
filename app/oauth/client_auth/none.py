"""A public client only names itself (RFC 6749 section 2.1, RFC 7591 section 2: `none`)."""

from app.models.clients import Client
from app.oauth.client_auth.base import ClientAuthMethod, Credentials
from app.oauth.requests import FormRequest


class NoAuthentication(ClientAuthMethod):
    name = "none"
    proves_identity = False

    def extract(self, request: FormRequest) -> Credentials | None:
        client_id = request.form.get("client_id")
        return Credentials(client_id, "") if client_id is not None else None

    async def verify(self, client: Client | None, credentials: Credentials) -> bool:
        return client is not None and client.is_public
