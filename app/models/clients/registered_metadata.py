"""Metadata of a client that has no column of its own (RFC 7591 section 2)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from app.security.certificate_subjects import SUBJECT_MEMBERS


class RegisteredMetadata(NamedTuple):
    """What a client stated at its registration. A member that it left out is None, () or False.

    The members are those of `app.schemas.clients.ClientMetadata`, which has validated them.
    """

    client_uri: str | None = None
    logo_uri: str | None = None
    tos_uri: str | None = None
    policy_uri: str | None = None
    contacts: Sequence[str] = ()
    software_id: str | None = None
    software_version: str | None = None
    jwks_uri: str | None = None
    jwks: Mapping[str, Any] | None = None
    application_type: str | None = None
    subject_type: str | None = None
    sector_identifier_uri: str | None = None
    id_token_signed_response_alg: str | None = None
    userinfo_signed_response_alg: str | None = None
    request_object_signing_alg: str | None = None
    token_endpoint_auth_signing_alg: str | None = None
    request_uris: Sequence[str] = ()
    require_signed_request_object: bool = False
    require_pushed_authorization_requests: bool = False
    require_pkce: bool = False
    default_max_age: int | None = None
    require_auth_time: bool = False
    default_acr_values: Sequence[str] = ()
    authorization_details_types: Sequence[str] = ()
    initiate_login_uri: str | None = None
    post_logout_redirect_uris: Sequence[str] = ()
    backchannel_logout_uri: str | None = None
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str | None = None
    frontchannel_logout_session_required: bool = False
    dpop_bound_access_tokens: bool = False
    tls_client_auth_subject_dn: str | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_auth_san_ip: str | None = None
    tls_client_auth_san_email: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False

    @classmethod
    def of(cls, stated: Mapping[str, Any]) -> Self:
        """Return the metadata of a stored JSON object.

        Members with a language tag and those of other releases are left out.
        """
        return cls(**{name: stated[name] for name in stated if name in cls._field_defaults})

    @property
    def has_logout_uri(self) -> bool:
        """Whether the client is notified of logouts, which name a session by its `sid`."""
        return self.backchannel_logout_uri is not None or self.frontchannel_logout_uri is not None

    @property
    def tls_client_auth_subjects(self) -> Mapping[str, str]:
        """The subjects that the client's certificate must have, by the names of the members."""
        return {name: value for name in SUBJECT_MEMBERS if (value := getattr(self, name))}
