"""Rules for the reasons that have none of their own, by error code."""

from app.services.operations.refusal_rules.base import RefusalRule

IN_THE_RESPONSE = "The reason says which part of the request is wrong, and so does the response."

RULES_OF_ERRORS: dict[str, RefusalRule] = {
    rule.code: rule
    for rule in (
        RefusalRule(
            "invalid_request", "The request must be complete and well-formed.", IN_THE_RESPONSE
        ),
        RefusalRule(
            "invalid_client_metadata", "The metadata of a client must be valid.", IN_THE_RESPONSE
        ),
        RefusalRule(
            "invalid_redirect_uri", "The redirect URIs of a client must be valid.", IN_THE_RESPONSE
        ),
        RefusalRule(
            "invalid_grant", "The code, token or credentials must be valid.", IN_THE_RESPONSE
        ),
        RefusalRule("invalid_scope", "The scope must be known and registered.", IN_THE_RESPONSE),
        RefusalRule(
            "access_denied",
            "The user or the identity provider refused.",
            "Nothing to fix: the user decided so.",
        ),
        RefusalRule(
            "authorization_pending",
            "A device must wait until the user has decided.",
            "Nothing to fix: the device asks again.",
        ),
        RefusalRule(
            "slow_down",
            "A device must not ask more often than the interval says.",
            "Let the device wait five seconds longer after each slow_down.",
        ),
        RefusalRule(
            "forbidden", "The caller must be allowed to do this.", "See the scopes of the caller."
        ),
        RefusalRule(
            "administrator_required",
            "Only full administrators change objects that have an administrative role or scope.",
            "Ask a full administrator, or use `postern` on the server.",
        ),
        RefusalRule(
            "last_administrator",
            "At least one administrator must remain.",
            "Make another user an administrator first with `postern admin create`.",
        ),
        RefusalRule(
            "precondition_failed",
            "A change must be based on the current version of the object.",
            "Read the object again, and send its new ETag in If-Match.",
        ),
        RefusalRule(
            "precondition_required",
            "A change must state the version of the object that it is based on.",
            "Read the object, and send its ETag in If-Match.",
        ),
        RefusalRule(
            "not_found",
            "The path, or the object in it, must exist.",
            "Compare the URL with /openapi.json. Scanners cause most of these.",
        ),
        RefusalRule("method_not_allowed", "The path must have the method.", "See /openapi.json."),
        RefusalRule(
            "form_expired",
            "A form must belong to the browser and the session that sends it.",
            "Reload the page. If it happens to everybody, check ISSUER and the proxy.",
        ),
        RefusalRule(
            "temporarily_unavailable",
            "The server must have capacity, and a database that answers.",
            "Look at the log of the server, /health/ready and the load of the machine.",
        ),
        RefusalRule(
            "server_error",
            "An error of the server, not of the request.",
            "Look for the request id in the log of the server, and report the traceback.",
        ),
    )
}
GENERAL = RefusalRule("other", "The request violates a rule of its endpoint.", IN_THE_RESPONSE)
