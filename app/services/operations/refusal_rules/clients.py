"""Refusals of clients: authentication, grants, scopes and registration."""

from app.services.operations.refusal_rules.base import CLIENT, RefusalRule

AUTHENTICATION = "client authentication failed: "
SHOW_CLIENT = f"Compare with `postern clients show {CLIENT}`."

RULES_OF_CLIENTS: tuple[RefusalRule, ...] = (
    RefusalRule(
        "client_unknown",
        "The client_id must be that of a client.",
        "Compare it with `postern clients list`. A deleted client does not come back.",
        (AUTHENTICATION + "the client_id is unknown", "the client_id is unknown"),
    ),
    RefusalRule(
        "client_not_named",
        "The request must name its client.",
        "Let the application send client_id.",
        ("the request has no client_id", "the request has a client_secret but no client_id"),
    ),
    RefusalRule(
        "client_disabled",
        "A disabled client is not served.",
        f"Run `postern clients enable {CLIENT}`.",
        (AUTHENTICATION + "the client is disabled", "the client is disabled"),
    ),
    RefusalRule(
        "secret_wrong",
        "The client secret must be right.",
        "Copy the secret again. If it is lost, run"
        f" `postern clients rotate-secret {CLIENT} --overlap 86400`.",
        (AUTHENTICATION + "the secret is wrong",),
    ),
    RefusalRule(
        "secret_expired",
        "The client secret must not have expired.",
        f"Run `postern clients rotate-secret {CLIENT}`, and give the application the new secret.",
        (
            AUTHENTICATION + "the secret has expired",
            AUTHENTICATION + "the previous secret has expired",
        ),
    ),
    RefusalRule(
        "authentication_method",
        "A client must authenticate with the method that it registered.",
        "Let the application use the registered method, or change `token_endpoint_auth_method`"
        f" with `postern clients set {CLIENT} --json-file FILE`.",
        (
            AUTHENTICATION + "the client registered",
            AUTHENTICATION + "the client has no secret",
            AUTHENTICATION + "a confidential client presented no credentials",
        ),
    ),
    RefusalRule(
        "assertion_invalid",
        "The client assertion must be valid: signature, audience, lifetime and a new jti.",
        f"The reason says which check failed. {SHOW_CLIENT} Check the clock of the client.",
        (AUTHENTICATION + "the client assertion", "the client assertion", "the client_assertion"),
    ),
    RefusalRule(
        "client_authentication_failed",
        "A client must authenticate as it registered.",
        f"The reason says which check failed. {SHOW_CLIENT}",
        (AUTHENTICATION,),
    ),
    RefusalRule(
        "credentials_missing",
        "A client must authenticate at this endpoint.",
        "Let the application send its secret or assertion as it registered, in the right form.",
        (
            "the request has no client authentication",
            "the Authorization header is not Basic",
            "the Authorization header is too long",
            "the Basic credentials ",
        ),
    ),
    RefusalRule(
        "grant_type_not_registered",
        "A client can only use the grants that it registered.",
        f"Add it to `grant_types` with `postern clients set {CLIENT} --json-file FILE`, or let"
        " the application use a grant that it registered.",
        (
            "the client did not register the grant type ",
            "the client did not register the device code grant",
            "the client did not register authorization_code ",
        ),
    ),
    RefusalRule(
        "grant_type_of_confidential_clients",
        "This grant requires a client that authenticates.",
        "Create a confidential client with `postern clients create NAME --kind web`.",
        ("a public client cannot ",),
    ),
    RefusalRule(
        "grant_type_unsupported",
        "The server must support the grant.",
        "The metadata at /.well-known/openid-configuration lists the grants.",
        ("the grant_type is ",),
    ),
    RefusalRule(
        "scope_not_registered",
        "A client can only request scopes that it registered.",
        f"Leave the scope out, or run `postern clients set {CLIENT} --add-scope SCOPE`.",
        ("the client did not register the scope ", "the requested scope has no known name"),
    ),
    RefusalRule(
        "rate_limit_client",
        "Invalid requests of a client are limited, since they could be guesses.",
        "Look at its earlier refusals with"
        f" `postern refusals list --client {CLIENT}`. TOKEN_ERROR_LIMIT sets the limit.",
        ("rate limit reached: token error", "rate limit reached: request of a client"),
    ),
    RefusalRule(
        "initial_access_token",
        "Registration requires an initial access token.",
        "Create one with `postern clients invite`.",
        ("the initial access token ",),
    ),
    RefusalRule(
        "registration_access_token",
        "A registration can only be read and changed with its registration access token.",
        "Use the token of the registration response.",
        ("the client is unknown or disabled, or the token ",),
    ),
    RefusalRule(
        "admin_token_wrong",
        "This endpoint requires ADMIN_TOKEN.",
        "Send the value of ADMIN_TOKEN as bearer token.",
        ("the bearer token is not ADMIN_TOKEN",),
    ),
    RefusalRule(
        "admin_scope_missing",
        "The caller must hold the administrative scope of what it does.",
        f"Run `postern clients admin-scopes {CLIENT} --add SCOPE` for a client, or ask a full"
        " administrator.",
        ("the caller lacks ",),
    ),
)
