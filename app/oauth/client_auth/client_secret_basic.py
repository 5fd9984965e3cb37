"""Client secret in the Authorization header (RFC 6749 section 2.3.1, RFC 7617)."""

import binascii
from contextlib import suppress
from urllib.parse import unquote_to_bytes

from app.clock import Clock
from app.models.clients.clients import Client
from app.oauth.client_auth.base import UNKNOWN_CLIENT, ClientAuthMethod, Credentials
from app.oauth.errors import InvalidClientError
from app.oauth.requests import FormRequest
from app.security.comparison import digests_match
from app.security.tokens import digest_of

MAXIMUM_LENGTH = 4096


class ClientSecretBasic(ClientAuthMethod):
    name = "client_secret_basic"
    proves_identity = True
    is_chosen_by_registration = False
    uses_secret = True
    uses_keys = False
    form_parameters = frozenset({"client_id"})

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def extract(self, request: FormRequest) -> Credentials | None:
        credentials = _credentials_in(request.authorization)
        return credentials if credentials is not None and credentials.secret else None

    async def refusal(self, client: Client | None, credentials: Credentials) -> str | None:
        return secret_refusal(client, credentials, clock=self._clock)


def named_without_secret(request: FormRequest) -> str | None:
    """Return the client_id of a Basic header whose secret is empty, or None.

    Libraries send `client_id:` for a public client. Raises `InvalidClientError`.
    """
    credentials = _credentials_in(request.authorization)
    return credentials.client_id if credentials is not None and not credentials.secret else None


def secret_refusal(client: Client | None, credentials: Credentials, *, clock: Clock) -> str | None:
    """Return why the secret is not the client's, or None.

    The digests are compared in constant time, and an unknown client takes as long. While a secret
    is being replaced, the previous one is valid too.
    """
    reason = _refusal_of(client, credentials.secret, clock)
    if reason is not None and credentials.undecoded_secret is not None:
        return _refusal_of(client, credentials.undecoded_secret, clock)
    return reason


def _refusal_of(client: Client | None, secret: str, clock: Clock) -> str | None:
    expected = client.secret_digest if client is not None else None
    digest = digest_of(secret)
    if digests_match(expected, digest):
        is_valid = client is not None and (
            client.secret_expires_at is None or client.has_valid_secret(clock.now())
        )
        return None if is_valid else "the secret has expired"
    if client is None:
        return UNKNOWN_CLIENT
    if client.previous_secret_digest is not None and digests_match(
        client.previous_secret_digest, digest
    ):
        is_valid = client.has_valid_previous_secret(clock.now())
        return None if is_valid else "the previous secret has expired"
    return "the secret is wrong" if expected is not None else "the client has no secret"


def _credentials_in(header: bytes | None) -> Credentials | None:
    if header is None:
        return None
    scheme, _, encoded = header.partition(b" ")
    if scheme.lower() != b"basic":
        raise InvalidClientError(reason="the Authorization header is not Basic")
    if len(header) > MAXIMUM_LENGTH:
        raise InvalidClientError(reason="the Authorization header is too long")
    return _decode(encoded.strip())


def _decode(encoded: bytes) -> Credentials:
    """Decode a client_id and a secret, form-encoded or not.

    RFC 6749 has both form-encoded before they are joined, which most clients omit. Form encoding
    changes no character of those that this server issues. A secret that an administrator chose may
    contain others, so both readings of it are tried.
    """
    undecoded_secret = None
    try:
        joined = binascii.a2b_base64(encoded, strict_mode=True)
        if b"+" in joined or b"%" in joined:
            raw_id, raw_colon, raw_secret = joined.partition(b":")
            client_id, undecoded = _form_decode(raw_id), raw_secret.decode("utf-8")
            has_colon, secret = bool(raw_colon), undecoded
            with suppress(UnicodeDecodeError):  # then only the raw reading is possible
                secret, undecoded_secret = _form_decode(raw_secret), undecoded
        else:
            client_id, colon, secret = joined.decode("utf-8").partition(":")
            has_colon = bool(colon)
    except ValueError:
        raise InvalidClientError(reason="the Basic credentials are malformed") from None
    if not has_colon or not client_id or "\x00" in client_id:
        raise InvalidClientError(reason="the Basic credentials have no valid client_id")
    return Credentials(client_id, secret, undecoded_secret)


def _form_decode(raw: bytes) -> str:
    return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
