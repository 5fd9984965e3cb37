"""Refusals of codes and tokens."""

from app.i18n.messages import N_
from app.services.operations.refusal_rules.base import RefusalRule

RULES_OF_TOKENS: tuple[RefusalRule, ...] = (
    RefusalRule(
        "code_invalid",
        N_(
            "An authorization code can be redeemed once, before it expires, by the client "
            "it was issued to."
        ),
        N_("Start a new authorization request: a code is valid once and for a short time."),
        ("the code ",),
    ),
    RefusalRule(
        "pkce",
        N_("The code_verifier must match the code_challenge (PKCE, RFC 7636)."),
        N_(
            "Have the application keep the verifier between the two requests, and send "
            "both or neither."
        ),
        ("a code_verifier ", "no code_verifier ", "the code_verifier "),
    ),
    RefusalRule(
        "session_ended",
        N_("A code is only valid while the session in which it was issued lasts."),
        N_("Ask the user to sign in again."),
        ("the session of the ",),
    ),
    RefusalRule(
        "refresh_token_replayed",
        N_("A refresh token can be used once; a second use revokes all tokens of the sign-in."),
        N_(
            "Have the application store the new refresh token of each response, and "
            "refresh in one place at a time. If it does, the token may have been stolen: "
            "see `postern audit list`."
        ),
        (
            "the refresh token was replayed",
            "the successor of the refresh token ",
            "the response to the first use ",
        ),
    ),
    RefusalRule(
        "refresh_token_invalid",
        N_("A refresh token must be valid and belong to the client."),
        N_(
            "Ask the user to sign in again. Check that the application does not mix up its clients."
        ),
        ("the refresh token ", "the current refresh token ", "the token is not a refresh token"),
    ),
    RefusalRule(
        "token_exchange",
        N_(
            "A client may exchange the tokens that its policy and the resources allow, for the"
            " targets that its policy names (RFC 8693)."
        ),
        N_("The reason names the token, and the command that would allow it."),
        ("the subject token", "the actor token", "the subject or actor token", "the target "),
    ),
    RefusalRule(
        "device_code_invalid",
        N_(
            "A device code can be redeemed once, before it expires, by the client it was issued to."
        ),
        N_("Start again on the device."),
        ("the device code ", "the user code ", "the text is not a user code"),
    ),
    RefusalRule(
        "scope_not_granted",
        N_("A refresh cannot add scopes to what the user granted."),
        N_("Request the scope in a new authorization request."),
        ("the scope ",),
    ),
    RefusalRule(
        "dpop_proof_invalid",
        N_("A DPoP proof must be for this request, recent, and used once (RFC 9449)."),
        N_(
            "Have the application create a new proof for each request. `htu` is the URL "
            "below ISSUER."
        ),
        ("the DPoP proof ", "the dpop_jkt "),
    ),
    RefusalRule(
        "dpop_proof_missing",
        N_("The client or the token requires a DPoP proof (RFC 9449)."),
        N_("Have the application send one, or remove dpop_bound_access_tokens from its metadata."),
        ("the request has no DPoP header", "the request has no DPoP proof"),
    ),
    RefusalRule(
        "dpop_nonce",
        N_("The DPoP proof must have a current nonce of this server (RFC 9449)."),
        N_("Nothing to fix if the application repeats the request with the nonce in DPoP-Nonce."),
        ("the DPoP proof has no nonce",),
    ),
    RefusalRule(
        "dpop_key",
        N_(
            "A code or token that is bound to a key is only valid with a proof of that key (RFC"
            " 9449)."
        ),
        N_("Have the application keep its key, and send the token with the scheme DPoP."),
        (
            "the code is bound to a key ",
            "the refresh token is bound to a key ",
            "the assertion is bound to a key ",
            "the token is bound to another key ",
            "a bound token was sent ",
            "a bearer token was sent ",
        ),
    ),
    RefusalRule(
        "bearer_token_missing",
        N_("This endpoint requires a bearer token."),
        N_("Send the access token in the header `Authorization: Bearer TOKEN`."),
        ("the request has no bearer token", "the Authorization header has no bearer token"),
    ),
    RefusalRule(
        "access_token_of_resource",
        N_("An access token for a resource is valid at that resource only."),
        N_(
            "Request another token without `resource`, or make the resource the default one of the"
            " client if it uses its token at UserInfo as well."
        ),
        ("the access token is for a resource",),
    ),
    RefusalRule(
        "access_token_invalid",
        N_("The access token must be valid."),
        N_("It has expired or was revoked: refresh it, or ask the user to sign in again."),
        ("the access token is unknown", "the user or the client no longer exists"),
    ),
    RefusalRule(
        "access_token_scope",
        N_("UserInfo requires an access token of a user with the scope openid."),
        N_("Have the application request openid when the user signs in."),
        ("the access token was issued to ", "the access token lacks "),
    ),
)
