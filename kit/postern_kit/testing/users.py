"""Users, clients and tokens of a server that tests started."""

import base64
import hashlib
import hmac
import struct
from dataclasses import dataclass, field

STEP_SECONDS = 30
DIGITS = 6


@dataclass
class User:
    """A user with a password and an authenticator app. Every code is used only once."""

    username: str
    password: str
    otp_secret: str = field(repr=False)
    first_unused_step: int = field(default=0, repr=False)


@dataclass(frozen=True)
class Client:
    """A client; `auth` is for HTTP Basic, None for a public client."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)

    @property
    def auth(self) -> tuple[str, str] | None:
        return (self.client_id, self.client_secret) if self.client_secret else None


@dataclass(frozen=True)
class Tokens:
    """The response of the token endpoint."""

    access_token: str
    scope: str
    expires_in: int
    refresh_token: str | None = None
    id_token: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The header with which a client sends the access token."""
        return {"Authorization": f"Bearer {self.access_token}"}


def totp(secret: str, step: int) -> str:
    """Return the code of an authenticator app (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    digest = hmac.new(key, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)
