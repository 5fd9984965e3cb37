"""Refusals of users: access, passwords, codes, identity providers and rate limits."""

from app.i18n.messages import N_
from app.services.operations.refusal_rules.base import RefusalRule

RULES_OF_USERS: tuple[RefusalRule, ...] = (
    RefusalRule(
        "access_policy",
        N_("The access policy of the client decides which users may use it."),
        N_(
            "See `postern clients policy {client_id}`. Add the user to one of its groups"
            " with `postern groups add-member NAME USERNAME`, or change the policy."
        ),
        (
            "the access policy of the client",
            "password sign-in refused: the access policy of the client",
        ),
    ),
    RefusalRule(
        "console_role",
        N_("The console is for administrators and auditors."),
        N_(
            "Run `postern admin create USERNAME`, or `postern roles grant auditor --user USERNAME`."
        ),
        ("the user is neither an administrator ",),
    ),
    RefusalRule(
        "admin_scope_of_user",
        N_(
            "A user can only grant administrative scopes of their role, within 10 minutes"
            " of a sign-in with a second factor."
        ),
        N_("Give the user the role, and have the application request a new sign-in."),
        ("the user cannot grant ",),
    ),
    RefusalRule(
        "login_method",
        N_("The login methods of the client decide how its users may sign in."),
        N_("Allow the method with `postern clients policy {client_id} --login-method METHOD`."),
        ("the login_methods of the client ",),
    ),
    RefusalRule(
        "password_wrong",
        N_("The password must be right, and the account must not be disabled."),
        N_(
            "See `postern users show USERNAME`. To let the user set a new password, run"
            " `postern users reset-password USERNAME --link`."
        ),
        ("password sign-in refused: the password ", "the password was changed "),
    ),
    RefusalRule(
        "user_unknown",
        N_("The username or verified email address must be that of an account."),
        N_("Compare it with `postern users list --search NAME`."),
        ("password sign-in refused: the user is unknown",),
    ),
    RefusalRule(
        "enrolment_incomplete",
        N_("The password grant requires a confirmed authenticator app."),
        N_("Ask the user to sign in at /login and to finish the set-up."),
        ("password sign-in refused: the enrolment ",),
    ),
    RefusalRule(
        "code_wrong",
        N_("The code of the second factor must be right and unused."),
        N_(
            "Check the clock of the user's device. If it is lost, run `postern users"
            " reset-otp USERNAME`."
        ),
        ("password sign-in refused: the code ", "the user is unknown, or the code is wrong"),
    ),
    RefusalRule(
        "rate_limit_sign_in",
        N_("Wrong passwords and codes are limited for each account and address."),
        N_(
            "Wait as long as Retry-After says. LOGIN_LIMIT, LOGIN_LIMIT_ADDRESS and "
            "CODE_LIMIT set the limits."
        ),
        tuple(
            f"rate limit reached: {name}"
            for name in ("login", "address", "code", "stranger", "passkey", "device")
        ),
    ),
    RefusalRule(
        "rate_limit",
        N_("Requests of this kind are limited."),
        N_("Wait as long as Retry-After says. The settings that end with _LIMIT set the limits."),
        ("rate limit reached: ",),
    ),
    RefusalRule(
        "provider_sign_in_expired",
        N_(
            "A sign-in with an identity provider must be completed in the same browser, "
            "before it expires."
        ),
        N_("Ask the user to start again."),
        ("this browser has no sign-in ", "the account being connected "),
    ),
    RefusalRule(
        "provider_failed",
        N_("The identity provider must answer, with a valid ID token."),
        N_("The reason says what failed. Check the registration with `postern providers list`."),
        ("the identity provider ",),
    ),
    RefusalRule(
        "form_invalid",
        N_("The fields of a form must be valid."),
        N_("The page shows the user what to correct."),
        ("invalid fields: ",),
    ),
)
