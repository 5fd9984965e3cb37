"""Kinds of clients that an administrator creates, each with the few right defaults."""

from typing import Any, Literal, NamedTuple

KindName = Literal["web", "spa", "native", "device", "service"]
SCOPE_OF_USERS = "openid profile email offline_access"
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
OF_USERS = ("authorization_code", "refresh_token")


class ClientKind(NamedTuple):
    """The metadata of a kind. A client without `is_public` gets a secret."""

    grant_types: tuple[str, ...]
    application_type: Literal["web", "native"]
    is_public: bool
    scope: str

    @property
    def has_redirect_uris(self) -> bool:
        return "authorization_code" in self.grant_types


KINDS: dict[KindName, ClientKind] = {
    "web": ClientKind(OF_USERS, "web", is_public=False, scope=SCOPE_OF_USERS),
    "spa": ClientKind(OF_USERS, "web", is_public=True, scope=SCOPE_OF_USERS),
    "native": ClientKind(OF_USERS, "native", is_public=True, scope=SCOPE_OF_USERS),
    "device": ClientKind(
        (DEVICE_CODE, "refresh_token"), "native", is_public=True, scope=SCOPE_OF_USERS
    ),
    "service": ClientKind(("client_credentials",), "web", is_public=False, scope=""),
}


def metadata_of_kind(name: KindName) -> dict[str, Any]:
    """Return client metadata (RFC 7591 section 2) of a kind, for `ClientCreate`."""
    kind = KINDS[name]
    metadata: dict[str, Any] = {
        "grant_types": list(kind.grant_types),
        "application_type": kind.application_type,
        "scope": kind.scope,
    }
    if kind.is_public:
        metadata["token_endpoint_auth_method"] = "none"
    elif kind.has_redirect_uris:
        metadata["require_pkce"] = True
    return metadata
