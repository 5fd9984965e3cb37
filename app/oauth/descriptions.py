"""Catalogue of `error_description`s: ASCII constants, the same for unknown, expired and used.

They are public and never repeat the input; names in braces are those of our own parameters and
metadata. Those that pages show as well are marked for translation.
"""

from enum import StrEnum, unique

from app.i18n.messages import N_


@unique
class Description(StrEnum):
    # Errors with one description
    SCOPE_INVALID = "The requested scope is invalid, unknown, or malformed."
    CLIENT_AUTHENTICATION_FAILED = "Client authentication failed."
    GRANT_TYPE_NOT_SUPPORTED = "The grant type is not supported."
    RESPONSE_TYPE_NOT_SUPPORTED = "The response type is not supported."
    DENIED_BY_USER = "The user denied the request."
    USER_NOT_ALLOWED = "The user is not allowed to use this client."
    AUTHORIZATION_PENDING = "The user has not decided yet. Keep polling."
    POLLING_TOO_OFTEN = "Polling too often. Increase the interval by five seconds."
    DEVICE_CODE_EXPIRED = "The device code has expired."
    LOGIN_REQUIRED = "The user must sign in."
    CONSENT_REQUIRED = "The user must consent to the request."
    ACCOUNT_SELECTION_REQUIRED = "The user must choose an account."
    ACR_NOT_AVAILABLE = "No available sign-in method satisfies the requested acr."
    REQUEST_OBJECT_UNSIGNED = "A request object must be signed."
    REQUEST_URI_INVALID = "The request_uri is not valid."
    REQUEST_OBJECT_INVALID = "The request object is not valid."
    SCOPE_INSUFFICIENT = "The access token does not have the required scope."
    ACCESS_TOKEN_INVALID = "The access token is not valid."
    ACCESS_TOKEN_REQUIRED = "An access token is required."
    TEMPORARILY_UNAVAILABLE = (
        "The server is temporarily unavailable. Try again after Retry-After seconds."
    )
    SERVER_ERROR = "An unexpected error occurred."

    # Requests of any kind
    NOT_A_FORM = N_(
        "The request body must be a form: send it as application/x-www-form-urlencoded."
    )
    TOO_MANY_PARAMETERS = N_("The request has too many parameters. Send fewer.")
    PARAMETER_REPEATED = N_("A parameter is repeated. Send each one once.")
    CONTROL_CHARACTERS = N_("A parameter contains control characters. Remove them.")
    NOT_UTF8 = N_("A parameter isn't valid UTF-8. Encode it as UTF-8.")
    PARAMETER_MISSING = "The {name} parameter is missing."
    PARAMETER_MALFORMED = "The {name} parameter is malformed."
    PARAMETER_NOT_SUPPORTED = "The {name} parameter is not supported."
    NOT_SUPPORTED = "The {name} is not supported."
    PARAMETER_TOO_LONG = "The {name} parameter is too long: at most {limit} bytes are allowed."
    REQUEST_TOO_LONG = "The request is too long: at most {limit} bytes are allowed."
    SEVERAL_AUTHORIZATION_HEADERS = (
        "The request has more than one Authorization header. Send only one."
    )
    SEVERAL_BEARER_TOKENS = "The request has more than one bearer token. Send only one."

    # Resources (RFC 8707)
    RESOURCE_NOT_AVAILABLE = (
        "The requested resource is unknown, or the client is not allowed to request it."
    )
    RESOURCE_NOT_GRANTED = (
        "The requested resource was not granted. Name it in the authorization request."
    )
    NAME_ONE_RESOURCE = "Several resources are possible: name one resource in the request."
    RESOURCE_OF_REPEATED_REFRESH = (
        "The refresh token was used for another resource. Use the new refresh token."
    )

    # Authorization details (RFC 9396)
    AUTHORIZATION_DETAILS_INVALID = (
        "The authorization details do not match a type that the client is allowed to request. "
        "Compare them with its schema."
    )
    AUTHORIZATION_DETAILS_MALFORMED = (
        "The authorization_details must be a JSON array of objects that have a type."
    )
    AUTHORIZATION_DETAILS_TOO_LARGE = (
        "The authorization_details are too large. Send fewer or shorter ones."
    )
    AUTHORIZATION_DETAILS_NOT_GRANTED = (
        "The authorization details exceed what was granted. Request the same or less."
    )
    AUTHORIZATION_DETAILS_NOT_AT_GRANT = "This grant type does not accept authorization_details."

    # Token exchange (RFC 8693)
    SUBJECT_TOKEN_INVALID = "The subject_token is not valid, or this client may not exchange it."
    ACTOR_TOKEN_INVALID = "The actor_token is not valid, or this client may not act by it."
    ACTOR_TOKEN_INCOMPLETE = "Send actor_token and actor_token_type together, or neither."
    ACTOR_TOKEN_REQUIRED = "An actor_token is required for this target."
    TOO_MANY_ACTORS = "The subject_token has as many actors as a token can have."
    BINDING_REQUIRED = (
        "The subject_token or actor_token is bound to a key. Prove a key of this client: send a "
        "DPoP proof, or register certificate-bound access tokens."
    )
    TARGET_REQUIRED = "Name the target of the token: send its identifier as resource."
    TARGETS_DIFFER = "The resource and the audience are different. Send one of them."

    # Client authentication
    SEVERAL_AUTHENTICATION_METHODS = (
        "The request uses more than one client authentication method. Use only one."
    )
    CLIENT_ID_OF_ANOTHER_CLIENT = "The client_id in the body belongs to another client."
    HEADER_OF_ANOTHER_CLIENT = "The Authorization header belongs to another client."

    CLIENT_CERTIFICATE_REQUIRED = (
        "The client must present its certificate. Send the request to the endpoint in "
        "mtls_endpoint_aliases, if the metadata has one."
    )

    TOKEN_OF_CERTIFICATE = (
        "The access token is bound to a client certificate. Present that certificate, at the "
        "endpoint in mtls_endpoint_aliases if the metadata has one."
    )

    # DPoP
    DPOP_PROOF_INVALID = (
        "The DPoP proof is not valid for this request. Send a new proof for this method and URL."
    )
    DPOP_PROOF_REQUIRED = "A DPoP proof is required. Send it in the DPoP header."
    DPOP_NONCE_REQUIRED = (
        "The DPoP proof needs a current nonce. Repeat the request with that of DPoP-Nonce."
    )
    SEVERAL_DPOP_HEADERS = "The request has more than one DPoP header. Send only one."
    DPOP_KEY_DIFFERS = "The dpop_jkt is not the thumbprint of the key of the DPoP proof."

    # Grants
    GRANT_TYPE_NOT_REGISTERED = "The client is not registered for this grant type."
    GRANT_TYPE_NOT_IN_PROFILE = "The FAPI 2.0 profile of the client does not allow this grant type."
    GRANT_TYPE_NOT_FOR_PUBLIC_CLIENTS = "A public client cannot use this grant type."
    LOGIN_METHOD_NOT_ALLOWED = "The client does not accept sign-ins with a password."
    SCOPE_MALFORMED = "The scope is malformed."
    SCOPE_NOT_REGISTERED = (
        "The client did not register all of the requested scope. Request only registered scopes."
    )
    CREDENTIALS_INVALID = "The credentials are not valid."
    """The same for unknown, wrong, not enrolled, disabled, and a missing or stale TOTP code."""
    AUTHORIZATION_CODE_INVALID = "The authorization code is not valid."
    DEVICE_CODE_INVALID = "The device code is not valid."
    ASSERTION_INVALID = "The assertion is not valid."
    """The same for unknown issuers, subjects without a row, wrong signatures and expired ones."""
    ASSERTION_BOUND = "The assertion is bound to a key: send a DPoP proof that is signed with it."
    REFRESH_TOKEN_INVALID = "The refresh token is not valid."

    # Authorization requests
    RESPONSE_TYPE_NOT_REGISTERED = "The client is not registered for this response type."
    PROMPT_NONE_COMBINED = "The prompt value none cannot be combined with other values."
    PKCE_REQUIRED = "PKCE with code_challenge_method S256 is required."
    CODE_CHALLENGE_METHOD_NOT_S256 = "The code_challenge_method must be S256."
    ID_TOKEN_HINT_INVALID = "The id_token_hint is not valid."
    REQUEST_AND_REQUEST_URI = "Send either request or request_uri, not both."
    REQUEST_OBJECT_REQUIRED = "A signed request object is required."
    REQUEST_URI_NOT_REGISTERED = "The request_uri is not registered."
    REQUEST_URI_NOT_FETCHED = "The request_uri cannot be fetched."
    PUSHED_REQUEST_REQUIRED = (
        "A pushed authorization request is required. Send the parameters to the "
        "pushed_authorization_request_endpoint first."
    )
    PUSHED_REQUEST_WITH_REQUEST_URI = (
        "A pushed authorization request must not contain a request_uri."
    )

    # Client registration
    BODY_NOT_SENT_AS_JSON = "The request body must be JSON. Send it as application/json."
    BODY_NOT_JSON = "The body is not JSON."
    INITIAL_ACCESS_TOKEN_REQUIRED = "An initial access token is required."
    INITIAL_ACCESS_TOKEN_INVALID = "The initial access token is not valid."
    REGISTRATION_TOKEN_REQUIRED = "The registration access token is required."
    REGISTRATION_TOKEN_INVALID = "The registration access token is not valid."
    GRANT_REQUIRES_INITIAL_ACCESS_TOKEN = "One of the grant_types requires an initial access token."
    CLIENT_CHANGED_CONCURRENTLY = "The client was changed in the meantime. Try again."
    CLIENT_ID_DIFFERS = "The client_id must match the client being updated."
    CLIENT_SECRET_DIFFERS = "The client_secret must match the client being updated."
    REDIRECT_URI_REQUIRED = "A redirect_uri is required."
    REDIRECT_URI_NOT_FOR_WEB = (
        "A redirect_uri is not accepted. A web client must use https, or http on localhost, "
        "127.0.0.1 or [::1]."
    )
    REDIRECT_URI_NOT_FOR_NATIVE = (
        "A redirect_uri is not accepted. A native client must use https, http on localhost, "
        "127.0.0.1 or [::1], or a private-use scheme such as com.example.app:/callback."
    )
    REDIRECT_URI_NOT_ACCEPTED = (
        "A redirect_uri is not accepted. Use https, http on localhost, 127.0.0.1 or [::1], or a "
        "private-use scheme such as com.example.app:/callback."
    )
    URI_NOT_REACHABLE = (
        "The {name} must be an https URL with a public address. The operator can allow a host with "
        "OUTBOUND_ALLOWED_HOSTS."
    )
    NO_GRANT_TYPE_SUPPORTED = (
        "None of the grant_types are supported. See grant_types_supported in the metadata."
    )
    NO_RESPONSE_TYPE_SUPPORTED = "None of the response_types are supported. Use code."
    A_GRANT_TYPE_NOT_SUPPORTED = (
        "One of the grant_types is not supported. See grant_types_supported in the metadata."
    )
    A_RESPONSE_TYPE_NOT_SUPPORTED = "One of the response_types is not supported. Use code."
    GRANT_TYPES_NOT_FOR_PUBLIC_CLIENTS = (
        "One of the grant_types is not available to public clients. Leave it out, or use a "
        "token_endpoint_auth_method other than none."
    )
    VALUE_NOT_SUPPORTED = "The {name} is not supported. Use one of: {values}."
    KEYS_REQUIRED = "{name} requires jwks or jwks_uri."
    ONE_CERTIFICATE_SUBJECT = (
        "tls_client_auth requires exactly one of tls_client_auth_subject_dn, "
        "tls_client_auth_san_dns, tls_client_auth_san_uri, tls_client_auth_san_ip and "
        "tls_client_auth_san_email."
    )
    CERTIFICATE_SUBJECT_MALFORMED = (
        "The {name} is malformed. A subject_dn is written as in RFC 4514, such as CN=api,O=Example."
    )
    ENCRYPTION_NOT_SUPPORTED = (
        "The {name} is not supported, because responses are not encrypted. Leave it out."
    )
    FRONTCHANNEL_LOGOUT_URI_ON_ANOTHER_ORIGIN = (
        "The frontchannel_logout_uri must be on the origin of a redirect_uri."
    )
    PAIRWISE_REQUIRES_REDIRECT_URI = "Pairwise subjects require a redirect_uri."
    PAIRWISE_REQUIRES_KEYS_OF_SECTOR = (
        "Pairwise subjects with a grant type other than authorization_code and refresh_token "
        "require private_key_jwt, a jwks_uri, and a sector_identifier_uri that lists the jwks_uri."
    )
    PAIRWISE_REQUIRES_SECTOR = (
        "Pairwise subjects with redirect URIs on several hosts, or with a private-use scheme, "
        "require a sector_identifier_uri."
    )
    SECTOR_INCOMPLETE = (
        "The sector_identifier_uri must list every redirect_uri, and the jwks_uri if one is "
        "required."
    )
