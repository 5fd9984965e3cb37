"""Client secret in the form (RFC 6749 section 2.3.1)."""

from app.clock import Clock
from app.models.clients.clients import Client
from app.oauth.client_auth.base import ClientAuthMethod, Credentials
from app.oauth.client_auth.client_secret_basic import secret_refusal
from app.oauth.errors import InvalidClientError
from app.oauth.requests import FormRequest


class ClientSecretPost(ClientAuthMethod):
    name = "client_secret_post"
    proves_identity = True
    is_chosen_by_registration = False
    uses_secret = True
    uses_keys = False
    form_parameters = frozenset({"client_id", "client_secret"})

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def extract(self, request: FormRequest) -> Credentials | None:
        secret = request.form.get("client_secret")
        if secret is None:
            return None
        client_id = request.form.get("client_id")
        if client_id is None and request.authorization is None:
            raise InvalidClientError(reason="the request has a client_secret but no client_id")
        return Credentials(client_id or "", secret)

    async def refusal(self, client: Client | None, credentials: Credentials) -> str | None:
        return secret_refusal(client, credentials, clock=self._clock)
