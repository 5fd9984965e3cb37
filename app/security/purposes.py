"""Purposes of derived keys. A key for one purpose opens nothing that was sealed for another.

The values are part of the key derivation: if one is changed, what was stored or sent to browsers
under it can no longer be opened.
"""

from enum import StrEnum


class Purpose(StrEnum):
    """What a key is derived for: from SECRET_KEY, or from a token for the refresh token pairs."""

    OTP_SECRETS = "otp secrets"
    SIGNING_KEYS = "signing keys"
    IDENTITY_PROVIDER_SECRETS = "upstream secrets"
    MAILS = "mails"
    WEBHOOK_SECRETS = "webhook secrets"
    AUDIT_CHECKPOINTS = "audit checkpoints"
    KEY_CHECK = "key check"
    SETTINGS = "settings"
    PAGE_CURSORS = "page cursors"
    DPOP_NONCES = "dpop nonces"
    FAMILIES_OF_JWTS = "families of jwts"

    PASSKEY_CHALLENGES = "passkey challenges"
    MAIL_CODES = "mail codes"
    CSRF_TOKENS = "csrf"
    SIGN_IN = "sign in"
    CONSOLE_VISIT = "console visit"
    NEW_AUTHENTICATOR = "new authenticator"
    SIGN_IN_TRANSACTION = "upstream flow"
    PENDING_ACCOUNT = "upstream newcomer"
    EMAIL_VERIFICATION_LINK = "postern_verify_email"
    NETWORK_LINK = "postern_known_network"
    INVITATION_LINK = "postern_invitation"
    PASSWORD_RESET_LINK = "postern_recover"
    PASSWORD_RESET_RETURN = "postern_recover_way"

    REFRESH_TOKEN_PAIR = "rotation"
    REFRESH_TOKEN_PAIR_OF_PREVIOUS_RELEASE = "refresh token successor"
