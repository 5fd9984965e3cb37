"""Absolute URLs of this server that emails, responses and identity providers are given.

The paths below are those of the pages that others link to; the pages take them from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

VERIFY_EMAIL_PATH = "/verify-email"
KNOWN_NETWORK_PATH = "/known-network"
NEW_PASSWORD_PATH = "/recover/new"
INVITATION_PATH = "/invitation"
DEVICE_PATH = "/device"
PROVIDER_CALLBACK_PATH = "/login/with/{name}/callback"
RESOURCE_METADATA_PATH = "/resources/{name}/metadata"


@dataclass(frozen=True, slots=True)
class Links:
    """URLs below `issuer`. A `token` is the secret of a one-time link.

    `alias` is the base of the endpoints to which clients present certificates, if it is another one
    (RFC 8705 section 5).
    """

    issuer: str
    alias: str | None

    @property
    def bases(self) -> Sequence[str]:
        """The URLs below which the endpoints are that clients call."""
        return (self.issuer,) if self.alias is None else (self.issuer, self.alias)

    @property
    def registration(self) -> str:
        """The client registration endpoint (RFC 7591 section 3)."""
        return f"{self.issuer}/register"

    def verify_email(self, token: str) -> str:
        return self._with_token(VERIFY_EMAIL_PATH, token)

    def known_network(self, token: str) -> str:
        return self._with_token(KNOWN_NETWORK_PATH, token)

    def new_password(self, token: str) -> str:
        return self._with_token(NEW_PASSWORD_PATH, token)

    def invitation(self, token: str) -> str:
        return self._with_token(INVITATION_PATH, token)

    def provider_callback(self, name: str) -> str:
        """Return the redirect URI that is registered at the identity provider `name`."""
        return f"{self.issuer}{PROVIDER_CALLBACK_PATH.format(name=name)}"

    def device(self, user_code: str | None = None) -> str:
        """Return the URL on which users enter the code of a device, or with the code in it."""
        query = f"?user_code={user_code}" if user_code is not None else ""
        return f"{self.issuer}{DEVICE_PATH}{query}"

    def client_registration(self, client_id: str) -> str:
        """Return the client configuration endpoint of a client (RFC 7592 section 3)."""
        return f"{self.registration}/{client_id}"

    def resource_metadata(self, name: str) -> str:
        """Return where this server publishes the metadata of a resource (RFC 9728)."""
        return f"{self.issuer}{RESOURCE_METADATA_PATH.format(name=name)}"

    def _with_token(self, path: str, token: str) -> str:
        return f"{self.issuer}{path}?{urlencode({'token': token})}"
