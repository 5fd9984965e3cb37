"""Refusals of users: access, passwords, codes, identity providers and rate limits."""

from app.services.operations.refusal_rules.base import CLIENT, RefusalRule

RULES_OF_USERS: tuple[RefusalRule, ...] = (
    RefusalRule(
        "access_policy",
        "The access policy of the client decides which users may use it.",
        f"See `postern clients policy {CLIENT}`. Add the user to one of its groups with `postern"
        " groups add-member NAME USERNAME`, or change the policy.",
        (
            "the access policy of the client",
            "password sign-in refused: the access policy of the client",
        ),
    ),
    RefusalRule(
        "console_role",
        "The console is for administrators and auditors.",
        "Run `postern admin create USERNAME`, or `postern roles grant auditor --user USERNAME`.",
        ("the user is neither an administrator ",),
    ),
    RefusalRule(
        "admin_scope_of_user",
        "A user can only grant administrative scopes of their role, within 10 minutes of a sign-in"
        " with a second factor.",
        "Give the user the role, and let the application request a new sign-in.",
        ("the user cannot grant ",),
    ),
    RefusalRule(
        "login_method",
        "The login methods of the client decide how its users may sign in.",
        f"Allow the method with `postern clients policy {CLIENT} --login-method METHOD`.",
        ("the login_methods of the client ",),
    ),
    RefusalRule(
        "password_wrong",
        "The password must be right, and the account must not be disabled.",
        "See `postern users show USERNAME`. To let the user set a new password, run"
        " `postern users reset-password USERNAME --link`.",
        ("password sign-in refused: the password ", "the password was changed "),
    ),
    RefusalRule(
        "user_unknown",
        "The username or verified email address must be that of an account.",
        "Compare it with `postern users list --search NAME`.",
        ("password sign-in refused: the user is unknown",),
    ),
    RefusalRule(
        "enrolment_incomplete",
        "The password grant requires a confirmed authenticator app.",
        "Ask the user to sign in at /login and to finish the set-up.",
        ("password sign-in refused: the enrolment ",),
    ),
    RefusalRule(
        "code_wrong",
        "The code of the second factor must be right and unused.",
        "Check the clock of the user's device. If it is lost, run `postern users reset-otp"
        " USERNAME`.",
        ("password sign-in refused: the code ", "the user is unknown, or the code is wrong"),
    ),
    RefusalRule(
        "rate_limit_sign_in",
        "Wrong passwords and codes are limited for each account and address.",
        "Wait for Retry-After. LOGIN_LIMIT, LOGIN_LIMIT_ADDRESS and CODE_LIMIT set the limits.",
        tuple(
            f"rate limit reached: {name}"
            for name in ("login", "address", "code", "stranger", "passkey", "device")
        ),
    ),
    RefusalRule(
        "rate_limit",
        "Requests of this kind are limited.",
        "Wait for Retry-After. The settings that end with _LIMIT set the limits.",
        ("rate limit reached: ",),
    ),
    RefusalRule(
        "provider_sign_in_expired",
        "A sign-in with an identity provider must be finished in time, in the same browser.",
        "Ask the user to start again.",
        ("this browser has no sign-in ", "the account being connected "),
    ),
    RefusalRule(
        "provider_failed",
        "The identity provider must answer, with a valid ID token.",
        "The reason says what failed. Check the registration with `postern providers list`.",
        ("the identity provider ",),
    ),
    RefusalRule(
        "form_invalid",
        "The fields of a form must be valid.",
        "The page shows the user what to correct.",
        ("invalid fields: ",),
    ),
)
