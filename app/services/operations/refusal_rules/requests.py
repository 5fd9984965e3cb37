"""Refusals of authorization and logout requests."""

from app.i18n.messages import N_
from app.services.operations.refusal_rules.base import RefusalRule

START_AGAIN = N_(
    "Start again from the application. If it happens often, the application is at fault."
)

RULES_OF_REQUESTS: tuple[RefusalRule, ...] = (
    RefusalRule(
        "redirect_uri_not_registered",
        N_("The redirect URI must be one that the client registered, character by character."),
        N_(
            "If the address is yours, run `postern clients set {client_id} --add-redirect-uri URI`."
        ),
        ("the redirect_uri ", "the request has no redirect_uri", "no redirect_uri"),
    ),
    RefusalRule(
        "logout_uri_not_registered",
        N_("The address after a logout must be one that the client registered."),
        N_(
            "Add it to `post_logout_redirect_uris` with `postern clients set {client_id}"
            " --json-file FILE`."
        ),
        ("the post_logout_redirect_uri ",),
    ),
    RefusalRule(
        "interaction_required",
        N_("With prompt=none, nothing may be asked of the user."),
        N_(
            "This is expected when the user is signed out or has not consented yet: have "
            "the application send the request without prompt=none."
        ),
        ("prompt=none, but ", "a user other than the requested one "),
    ),
    RefusalRule(
        "acr_unmet",
        N_("An essential acr_values must be one that this server supports."),
        N_("The metadata at /.well-known/openid-configuration lists `acr_values_supported`."),
        ("no essential acr value ",),
    ),
    RefusalRule(
        "pending_request_expired",
        N_("An authorization request must be completed once, before it expires."),
        START_AGAIN,
        ("the pending request ", "the page has no pending request"),
    ),
    RefusalRule(
        "pending_request_outdated",
        N_("A pending request must still be allowed when it is answered."),
        N_(
            "The client was changed in the meantime. Compare with `postern clients show"
            " {client_id}`."
        ),
        ("the client is no longer allowed ",),
    ),
    RefusalRule(
        "pushed_request_invalid",
        N_("A pushed request can be opened once, before it expires, by the client that pushed it."),
        START_AGAIN,
        ("the pushed request ",),
    ),
    RefusalRule(
        "request_object_invalid",
        N_("A request object must be signed with a key of the client."),
        N_("The reason says which check failed. Compare with `postern clients show {client_id}`."),
        ("the request object ",),
    ),
    RefusalRule(
        "request_uri_invalid",
        N_("A request_uri must be registered and reachable."),
        N_(
            "Add it to `request_uris` with `postern clients set {client_id} --json-file"
            " FILE`, and check that this server reaches it."
        ),
        ("the request_uri ", "all slots for requests ", "the response status is "),
    ),
    RefusalRule(
        "parameter_unsupported",
        N_("The parameters must have values that this server supports."),
        N_("The metadata at /.well-known/openid-configuration lists them."),
        ("the response_type is ", "the response_mode is ", "the prompt is "),
    ),
    RefusalRule(
        "scope_malformed",
        N_("A scope is a list of names separated by spaces (RFC 6749 section 3.3)."),
        N_("Correct the parameter in the application."),
        ("the scope contains ",),
    ),
    RefusalRule(
        "resource_not_available",
        N_(
            "A resource must be registered, and the client must be allowed to request it (RFC"
            " 8707)."
        ),
        N_("The reason names the command that allows it."),
        ("the resource ", "the refresh token was used for another resource"),
    ),
    RefusalRule(
        "authorization_details_invalid",
        N_(
            "Authorization details must match a type that the client may request, and what was"
            " granted (RFC 9396)."
        ),
        N_("Compare the reason with `postern authorization-types show`."),
        ("the authorization details ",),
    ),
    RefusalRule(
        "assertion_not_trusted",
        N_("A token of another issuer must match a trusted issuer (RFC 7523)."),
        N_("Compare the reason with `postern issuers list`."),
        ("the assertion is not trusted", "an identity assertion ", "the issuer "),
    ),
    RefusalRule(
        "id_token_hint",
        N_("The id_token_hint must have been issued to the client."),
        N_("Have the application send the ID token that it received itself."),
        ("the id_token_hint ",),
    ),
)
