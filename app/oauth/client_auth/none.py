"""A public client only names itself (RFC 6749 section 2.1, RFC 7591 section 2: `none`)."""

from app.models.clients import Client
from app.oauth.client_auth.base import ClientAuthMethod, Credentials
from app.oauth.requests import FormRequest


class NoAuthentication(ClientAuthMethod):
    name = "none"

    def extract(self, request: FormRequest) -> Credentials | None:
        client_id = request.form.get("client_id")
        if (
            client_id is None
            or request.authorization is not None
            or "client_secret" in request.form
        ):
            return None
        return Credentials(client_id, "")

    def verify(self, client: Client | None, credentials: Credentials) -> bool:
        return client is not None and client.is_public
