"""Server metadata (RFC 8414, OpenID Connect Discovery 1.0), derived from the registries."""

from collections.abc import Collection, Sequence

from app.models.oauth.resources import Resource
from app.oauth.authorization.interactions import ACR_VALUES
from app.oauth.authorization.requests import RESPONSE_TYPES
from app.oauth.authorization.response_modes import RESPONSE_MODES
from app.oauth.claims import SUPPORTED_CLAIMS
from app.oauth.client_auth.base import ClientAuthMethod
from app.oauth.device import DEVICE_CODE
from app.oauth.exchange.token_types import ID_JAG, ID_JAG_PROFILE, TOKEN_EXCHANGE
from app.oauth.grants import Grants
from app.oauth.grants.jwt_bearer import JWT_BEARER
from app.oauth.pkce import CODE_CHALLENGE_METHODS
from app.oauth.scopes import SCOPES
from app.oauth.subjects import SUBJECT_TYPES
from app.schemas.metadata import ServerMetadata
from app.security.jose import CLIENT_ALGORITHM_NAMES, SIGNING_ALGORITHMS
from app.security.key_proofs import PROOF_ALGORITHMS
from app.services.clients.fapi import FAPI_ALGORITHMS

DISPLAYS = ("page", "popup", "touch")
UI_LOCALES = ("en", "de")

DEVICE_ENDPOINT = "device_authorization_endpoint"
ALIASED_ENDPOINTS = {
    "token_endpoint": "/token",
    "userinfo_endpoint": "/userinfo",
    "introspection_endpoint": "/introspect",
    "revocation_endpoint": "/revoke",
    "pushed_authorization_request_endpoint": "/par",
    DEVICE_ENDPOINT: "/device_authorization",
}
"""The endpoints that clients call directly, not through a browser."""


def server_metadata(
    issuer: str,
    *,
    grants: Grants,
    client_auth_methods: Sequence[type[ClientAuthMethod]],
    prompts: Sequence[str],
    has_docs: bool,
    has_registration: bool,
    has_client_certificates: bool,
    mtls_base_url: str | None,
    supports_documents: bool,
    is_fapi: bool,
) -> ServerMetadata:
    """Return the metadata of the server; `is_fapi` is whether the FAPI 2.0 profile holds for all.

    Then the methods and grants are those that fit the profile.
    """
    methods = [method.name for method in client_auth_methods]
    confidential = [method.name for method in client_auth_methods if method.proves_identity]
    algorithms = list(FAPI_ALGORITHMS if is_fapi else CLIENT_ALGORITHM_NAMES)
    signing_algorithms = list(FAPI_ALGORITHMS if is_fapi else SIGNING_ALGORITHMS)
    grant_types = [grant.grant_type for grant in grants]
    return ServerMetadata(
        issuer=issuer,
        authorization_endpoint=f"{issuer}/authorize",
        token_endpoint=f"{issuer}/token",
        userinfo_endpoint=f"{issuer}/userinfo",
        jwks_uri=f"{issuer}/jwks",
        introspection_endpoint=f"{issuer}/introspect",
        revocation_endpoint=f"{issuer}/revoke",
        pushed_authorization_request_endpoint=f"{issuer}/par",
        device_authorization_endpoint=f"{issuer}/device_authorization"
        if DEVICE_CODE in grant_types
        else None,
        end_session_endpoint=f"{issuer}/logout",
        registration_endpoint=f"{issuer}/register" if has_registration else None,
        grant_types_supported=grant_types,
        response_types_supported=list(RESPONSE_TYPES),
        response_modes_supported=list(RESPONSE_MODES),
        scopes_supported=list(SCOPES),
        claims_supported=list(SUPPORTED_CLAIMS),
        claim_types_supported=["normal"],
        subject_types_supported=list(SUBJECT_TYPES),
        acr_values_supported=list(ACR_VALUES),
        prompt_values_supported=list(prompts),
        display_values_supported=list(DISPLAYS),
        ui_locales_supported=list(UI_LOCALES),
        code_challenge_methods_supported=list(CODE_CHALLENGE_METHODS),
        id_token_signing_alg_values_supported=signing_algorithms,
        userinfo_signing_alg_values_supported=signing_algorithms,
        request_object_signing_alg_values_supported=algorithms,
        token_endpoint_auth_methods_supported=methods,
        token_endpoint_auth_signing_alg_values_supported=algorithms,
        introspection_endpoint_auth_methods_supported=confidential,
        introspection_endpoint_auth_signing_alg_values_supported=algorithms,
        revocation_endpoint_auth_methods_supported=methods,
        revocation_endpoint_auth_signing_alg_values_supported=algorithms,
        dpop_signing_alg_values_supported=list(FAPI_ALGORITHMS if is_fapi else PROOF_ALGORITHMS),
        authorization_response_iss_parameter_supported=True,
        backchannel_logout_supported=True,
        backchannel_logout_session_supported=True,
        frontchannel_logout_supported=True,
        frontchannel_logout_session_supported=True,
        claims_parameter_supported=True,
        request_parameter_supported=True,
        request_uri_parameter_supported=True,
        require_request_uri_registration=True,
        require_pushed_authorization_requests=is_fapi,
        require_signed_request_object=False,
        client_id_metadata_document_supported=supports_documents,
        tls_client_certificate_bound_access_tokens=has_client_certificates or None,
        mtls_endpoint_aliases=_aliases_at(mtls_base_url, grant_types)
        if mtls_base_url is not None
        else None,
        identity_chaining_requested_token_types_supported=[ID_JAG]
        if TOKEN_EXCHANGE in grant_types
        else None,
        authorization_grant_profiles_supported=[ID_JAG_PROFILE]
        if JWT_BEARER in grant_types
        else None,
        service_documentation=f"{issuer}/docs" if has_docs else None,
    )


def _aliases_at(base_url: str, grant_types: Collection[str]) -> dict[str, str]:
    """Return the endpoints to which clients present certificates (RFC 8705 section 5)."""
    return {
        name: f"{base_url}{path}"
        for name, path in ALIASED_ENDPOINTS.items()
        if name != DEVICE_ENDPOINT or DEVICE_CODE in grant_types
    }


def with_scopes(
    metadata: ServerMetadata,
    names: Collection[str],
    *,
    resources: Sequence[Resource],
    supports_documents: bool,
    detail_types: Sequence[str],
) -> ServerMetadata:
    """Return the metadata with the scopes of the catalogue, with resources and their scopes, and
    with the types of authorization details.

    `supports_documents` depends on the resources too: some of them may be for agents.
    """
    if supports_documents != metadata.client_id_metadata_document_supported:
        flag = {"client_id_metadata_document_supported": supports_documents}
        metadata = metadata.model_copy(update=flag)
    if not names and not resources and not detail_types:
        return metadata
    of_resources = (scope.name for resource in resources for scope in resource.scopes)
    scopes = dict.fromkeys((*metadata.scopes_supported, *names, *of_resources))
    identifiers = [resource.identifier for resource in resources] or None
    return metadata.model_copy(
        update={
            "scopes_supported": list(scopes),
            "protected_resources": identifiers,
            "authorization_details_types_supported": list(detail_types) or None,
        }
    )
