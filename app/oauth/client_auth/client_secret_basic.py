"""The secret in an Authorization header (RFC 6749 section 2.3.1, RFC 7617)."""

import binascii
from urllib.parse import unquote_to_bytes

from app.models.clients import Client
from app.oauth.client_auth.base import ClientAuthMethod, Credentials
from app.oauth.errors import InvalidClientError
from app.oauth.requests import FormRequest
from app.security.comparison import digests_match
from app.security.tokens import digest_of

MAXIMUM_LENGTH = 4096


class ClientSecretBasic(ClientAuthMethod):
    name = "client_secret_basic"

    def extract(self, request: FormRequest) -> Credentials | None:
        header = request.authorization
        if header is None:
            return None
        scheme, _, encoded = header.partition(b" ")
        if scheme.lower() != b"basic" or len(header) > MAXIMUM_LENGTH:
            raise InvalidClientError
        return _decode(encoded.strip())

    async def verify(self, client: Client | None, credentials: Credentials) -> bool:
        return has_secret(client, credentials)


def has_secret(client: Client | None, credentials: Credentials) -> bool:
    """Compares digests in constant time; an unknown client costs the same."""
    expected = client.secret_digest if client is not None else None
    return digests_match(expected, digest_of(credentials.secret))


def _decode(encoded: bytes) -> Credentials:
    """Identifier and secret are form-encoded before they are joined; most clients forget it.

    Ours hold no character that encoding would change, so both kinds of client are right.
    """
    try:
        joined = binascii.a2b_base64(encoded, strict_mode=True)
        client_id, colon, secret = joined.partition(b":")
        credentials = Credentials(_form_decode(client_id), _form_decode(secret))
    except ValueError:
        raise InvalidClientError from None
    if not colon or not credentials.client_id or "\x00" in credentials.client_id:
        raise InvalidClientError
    return credentials


def _form_decode(raw: bytes) -> str:
    if b"+" in raw or b"%" in raw:
        raw = unquote_to_bytes(raw.replace(b"+", b" "))
    return raw.decode("utf-8")
