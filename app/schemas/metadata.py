"""Authorization server metadata (RFC 8414 section 2, OpenID Connect Discovery section 3)."""

from pydantic import BaseModel


class ServerMetadata(BaseModel):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    introspection_endpoint: str
    revocation_endpoint: str
    pushed_authorization_request_endpoint: str
    device_authorization_endpoint: str | None = None
    end_session_endpoint: str
    registration_endpoint: str | None = None
    grant_types_supported: list[str]
    response_types_supported: list[str]
    response_modes_supported: list[str]
    scopes_supported: list[str]
    protected_resources: list[str] | None = None
    authorization_details_types_supported: list[str] | None = None
    claims_supported: list[str]
    claim_types_supported: list[str]
    subject_types_supported: list[str]
    acr_values_supported: list[str]
    prompt_values_supported: list[str]
    display_values_supported: list[str]
    ui_locales_supported: list[str]
    code_challenge_methods_supported: list[str]
    id_token_signing_alg_values_supported: list[str]
    userinfo_signing_alg_values_supported: list[str]
    request_object_signing_alg_values_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    token_endpoint_auth_signing_alg_values_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_signing_alg_values_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_signing_alg_values_supported: list[str]
    dpop_signing_alg_values_supported: list[str]
    authorization_response_iss_parameter_supported: bool
    backchannel_logout_supported: bool
    backchannel_logout_session_supported: bool
    frontchannel_logout_supported: bool
    frontchannel_logout_session_supported: bool
    claims_parameter_supported: bool
    request_parameter_supported: bool
    request_uri_parameter_supported: bool
    require_request_uri_registration: bool
    require_pushed_authorization_requests: bool
    require_signed_request_object: bool
    client_id_metadata_document_supported: bool
    tls_client_certificate_bound_access_tokens: bool | None = None
    mtls_endpoint_aliases: dict[str, str] | None = None
    identity_chaining_requested_token_types_supported: list[str] | None = None
    authorization_grant_profiles_supported: list[str] | None = None
    service_documentation: str | None = None
