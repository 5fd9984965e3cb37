"""Rules for the reasons that have none of their own, by error code."""

from app.i18n.messages import N_
from app.services.operations.refusal_rules.base import RefusalRule

IN_THE_RESPONSE = N_(
    "The reason says which part of the request is wrong, and so does the response."
)

RULES_OF_ERRORS: dict[str, RefusalRule] = {
    rule.code: rule
    for rule in (
        RefusalRule(
            "invalid_request", N_("The request must be complete and well-formed."), IN_THE_RESPONSE
        ),
        RefusalRule(
            "invalid_client_metadata",
            N_("The metadata of a client must be valid."),
            IN_THE_RESPONSE,
        ),
        RefusalRule(
            "invalid_redirect_uri",
            N_("The redirect URIs of a client must be valid."),
            IN_THE_RESPONSE,
        ),
        RefusalRule(
            "invalid_grant", N_("The code, token or credentials must be valid."), IN_THE_RESPONSE
        ),
        RefusalRule(
            "invalid_scope", N_("The scope must be known and registered."), IN_THE_RESPONSE
        ),
        RefusalRule(
            "invalid_dpop_proof", N_("A request has at most one DPoP proof."), IN_THE_RESPONSE
        ),
        RefusalRule(
            "access_denied",
            N_("The user or the identity provider refused."),
            N_("Nothing to fix: the user declined."),
        ),
        RefusalRule(
            "authorization_pending",
            N_("A device must wait until the user has decided."),
            N_("Nothing to fix: the device polls again."),
        ),
        RefusalRule(
            "slow_down",
            N_("A device must not poll more often than the interval allows."),
            N_("Have the device wait five seconds longer after each slow_down."),
        ),
        RefusalRule(
            "forbidden",
            N_("The caller must be allowed to do this."),
            N_("Check the scopes of the caller."),
        ),
        RefusalRule(
            "administrator_required",
            N_(
                "Only full administrators change objects that have an administrative role or scope."
            ),
            N_("Ask a full administrator, or use `postern` on the server."),
        ),
        RefusalRule(
            "last_administrator",
            N_("At least one administrator must remain."),
            N_("Make another user an administrator first with `postern admin create`."),
        ),
        RefusalRule(
            "precondition_failed",
            N_("A change must be based on the current version of the object."),
            N_("Read the object again, and send its new ETag in If-Match."),
        ),
        RefusalRule(
            "precondition_required",
            N_("A change must state the version of the object that it is based on."),
            N_("Read the object, and send its ETag in If-Match."),
        ),
        RefusalRule(
            "not_found",
            N_("The path, or the object in it, must exist."),
            N_("Compare the URL with /openapi.json. Scanners cause most of these."),
        ),
        RefusalRule(
            "method_not_allowed", N_("The path must support the method."), N_("See /openapi.json.")
        ),
        RefusalRule(
            "form_expired",
            N_("A form must belong to the browser and the session that sends it."),
            N_("Reload the page. If it happens to everybody, check ISSUER and the proxy."),
        ),
        RefusalRule(
            "temporarily_unavailable",
            N_("The server must have capacity, and a database that answers."),
            N_("Look at the log of the server, /health/ready and the load of the machine."),
        ),
        RefusalRule(
            "server_error",
            N_("An error of the server, not of the request."),
            N_("Look for the request id in the log of the server, and report the traceback."),
        ),
    )
}
GENERAL = RefusalRule("other", N_("The request violates a rule of its endpoint."), IN_THE_RESPONSE)
