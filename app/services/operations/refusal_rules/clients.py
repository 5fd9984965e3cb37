"""Refusals of clients: authentication, grants, scopes and registration."""

from app.i18n.messages import N_
from app.services.operations.refusal_rules.base import RefusalRule

AUTHENTICATION = "client authentication failed: "

RULES_OF_CLIENTS: tuple[RefusalRule, ...] = (
    RefusalRule(
        "client_unknown",
        N_("The client_id must be that of a client."),
        N_("Compare it with `postern clients list`. A deleted client does not come back."),
        (AUTHENTICATION + "the client_id is unknown", "the client_id is unknown"),
    ),
    RefusalRule(
        "client_not_named",
        N_("The request must name its client."),
        N_("Have the application send client_id."),
        ("the request has no client_id", "the request has a client_secret but no client_id"),
    ),
    RefusalRule(
        "client_disabled",
        N_("A disabled client is not served."),
        N_("Run `postern clients enable {client_id}`."),
        (AUTHENTICATION + "the client is disabled", "the client is disabled"),
    ),
    RefusalRule(
        "secret_wrong",
        N_("The client secret must be right."),
        N_(
            "Copy the secret again. If it is lost, run `postern clients rotate-secret"
            " {client_id} --overlap 86400`."
        ),
        (AUTHENTICATION + "the secret is wrong",),
    ),
    RefusalRule(
        "secret_expired",
        N_("The client secret must not have expired."),
        N_(
            "Run `postern clients rotate-secret {client_id}`, and give the application the"
            " new secret."
        ),
        (
            AUTHENTICATION + "the secret has expired",
            AUTHENTICATION + "the previous secret has expired",
        ),
    ),
    RefusalRule(
        "authentication_method",
        N_("A client must authenticate with the method that it registered."),
        N_(
            "Have the application use the registered method, or change "
            "`token_endpoint_auth_method` with `postern clients set {client_id} "
            "--json-file FILE`."
        ),
        (
            AUTHENTICATION + "the client registered",
            AUTHENTICATION + "the client has no secret",
            AUTHENTICATION + "a confidential client presented no credentials",
        ),
    ),
    RefusalRule(
        "assertion_invalid",
        N_("The client assertion must be valid: signature, audience, lifetime and a new jti."),
        N_(
            "The reason says which check failed. Compare with `postern clients show"
            " {client_id}`. Check the clock of the client."
        ),
        (AUTHENTICATION + "the client assertion", "the client assertion", "the client_assertion"),
    ),
    RefusalRule(
        "certificate_missing",
        N_("The client must present its TLS certificate."),
        N_(
            "Have the application send the request to the endpoint in "
            "`mtls_endpoint_aliases` of the metadata, with its certificate and client_id."
        ),
        (
            AUTHENTICATION + "the request has no client certificate",
            "the client registered tls_client_certificate_bound_access_tokens",
        ),
    ),
    RefusalRule(
        "certificate_refused",
        N_("The client certificate must be the one that the client registered, and valid."),
        N_(
            "The reason says which check failed. Compare with `postern clients show"
            " {client_id}`. MTLS_CA_FILE has the authorities that are trusted."
        ),
        (
            AUTHENTICATION + "the certificate ",
            AUTHENTICATION + "a certificate cannot be read",
            "the access token is bound to another client certificate",
        ),
    ),
    RefusalRule(
        "certificate_header",
        N_("Only a proxy in TRUSTED_PROXIES may send the header with client certificates, once."),
        N_(
            "Add the address of the proxy to TRUSTED_PROXIES, and let it set or remove the header"
            " in every request. MTLS_HEADER_FORMAT says how it writes the certificate."
        ),
        (
            "the header with the client certificate",
            "the header with the certificate chain",
            "a client certificate was forwarded by a peer",
        ),
    ),
    RefusalRule(
        "client_authentication_failed",
        N_("A client must authenticate as it registered."),
        N_("The reason says which check failed. Compare with `postern clients show {client_id}`."),
        (AUTHENTICATION,),
    ),
    RefusalRule(
        "credentials_missing",
        N_("A client must authenticate at this endpoint."),
        N_(
            "Have the application send its secret or assertion as it registered, in the right form."
        ),
        (
            "the request has no client authentication",
            "the Authorization header is not Basic",
            "the Authorization header is too long",
            "the Basic credentials ",
        ),
    ),
    RefusalRule(
        "grant_type_not_registered",
        N_("A client can only use the grants that it registered."),
        N_(
            "Add it to `grant_types` with `postern clients set {client_id} --json-file "
            "FILE`, or have the application use a grant that it registered."
        ),
        (
            "the client did not register the grant type ",
            "the client did not register the device code grant",
            "the client did not register authorization_code ",
        ),
    ),
    RefusalRule(
        "fapi_profile",
        N_("A client under the FAPI 2.0 profile can only use what the profile allows."),
        N_(
            "The reason says what is not allowed. docs/fapi.md says what to change. To end the"
            " profile of one client, run `postern clients policy {client_id} --reset profile`."
        ),
        (
            AUTHENTICATION + "the FAPI 2.0 profile ",
            "the FAPI 2.0 profile ",
            "the request has no redirect_uri, which the FAPI 2.0 profile ",
        ),
    ),
    RefusalRule(
        "grant_type_of_confidential_clients",
        N_("This grant requires a client that authenticates."),
        N_("Create a confidential client with `postern clients create NAME --kind web`."),
        ("a public client cannot ",),
    ),
    RefusalRule(
        "grant_type_unsupported",
        N_("The server must support the grant."),
        N_("The metadata at /.well-known/openid-configuration lists the grants."),
        ("the grant_type is ",),
    ),
    RefusalRule(
        "scope_not_registered",
        N_("A client can only request scopes that it registered."),
        N_("Leave the scope out, or run `postern clients set {client_id} --add-scope SCOPE`."),
        (
            "the client did not register the scope ",
            "the requested scope has no known name",
            "the policies of the client do not allow the scope ",
        ),
    ),
    RefusalRule(
        "rate_limit_client",
        N_("Invalid requests of a client are limited, since they could be guesses."),
        N_(
            "Look at its earlier refusals with `postern refusals list --client"
            " {client_id}`. TOKEN_ERROR_LIMIT sets the limit."
        ),
        ("rate limit reached: token error", "rate limit reached: request of a client"),
    ),
    RefusalRule(
        "initial_access_token",
        N_("Registration requires an initial access token."),
        N_("Create one with `postern clients invite`."),
        ("the initial access token ",),
    ),
    RefusalRule(
        "registration_access_token",
        N_("A registration can only be read and changed with its registration access token."),
        N_("Use the token of the registration response."),
        ("the client is unknown or disabled, or the token ",),
    ),
    RefusalRule(
        "admin_token_wrong",
        N_("This endpoint requires ADMIN_TOKEN."),
        N_("Send the value of ADMIN_TOKEN as bearer token."),
        ("the bearer token is not ADMIN_TOKEN",),
    ),
    RefusalRule(
        "admin_scope_missing",
        N_("The caller must have the administrative scope that the request requires."),
        N_(
            "Run `postern clients admin-scopes {client_id} --add SCOPE` for a client, or"
            " ask a full administrator."
        ),
        ("the caller lacks ",),
    ),
)
