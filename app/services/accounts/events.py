"""Events of users' accounts: the action in the audit log, the label, and the mail of each."""

from typing import Self

from app.i18n.messages import N_
from app.services.operations.audit_actions import AuditAction


class AccountEvent(AuditAction):
    """An event of an account. Its value is the action that the audit log stores: never change it.

    `label` describes it on the activity page. `mail` is the name of the mail that it can send to
    the user, or "" if there is none.
    """

    label: str
    mail: str

    def __new__(cls, action: str, label: str, mail: str = "") -> Self:
        event = str.__new__(cls, action)
        event._value_ = action
        event.label = label
        event.mail = mail
        return event

    USER_REGISTERED = "user.registered", N_("Account created")
    USER_IMPORTED = "user.imported", N_("Account imported")
    USER_INVITED = "user.invited", N_("Account created by invitation"), "invitation"
    INVITATION_SENT = "invitation.sent", N_("Invitation sent again")
    INVITATION_REVOKED = "invitation.revoked", N_("Invitation withdrawn")
    INVITATION_ACCEPTED = "invitation.accepted", N_("Invitation accepted")
    USER_UNLOCKED = "user.unlocked", N_("Delay of sign-ins lifted")
    USER_DISABLED = "user.disabled", N_("Account disabled"), "account_disabled"
    USER_ENABLED = "user.enabled", N_("Account re-enabled")
    USER_DELETED = "user.deleted", N_("Account deleted"), "account_deleted"
    CLAIMS_CHANGED = "user.claims_changed", N_("Profile updated")
    DATA_EXPORTED = "user.data_exported", N_("Data downloaded")
    PASSWORD_CHANGED = "password.changed", N_("Password changed"), "password_changed"
    PASSWORD_RESET_REQUESTED = (
        "password.reset_requested",
        N_("Password reset requested"),
        "reset_password",
    )
    PASSWORD_RESET_LINK_CREATED = (
        "password.reset_link_made",
        N_("Password reset link created"),
        "password_link",
    )
    PASSWORD_RESET = "password.reset", N_("Password reset"), "password_reset"
    SIGN_IN_SUCCEEDED = "sign_in.succeeded", N_("Signed in"), "new_sign_in"
    SIGN_IN_REFUSED = "sign_in.refused", N_("Sign-in attempt")
    SIGN_IN_DELAYED = (
        "sign_in.delayed",
        N_("Sign-ins from new networks delayed after failed attempts"),
        "sign_in_delayed",
    )
    NETWORK_ALLOWED = "network.made_known", N_("Network allowed through an emailed link")
    SESSION_ENDED = "session.ended", N_("Signed out")
    SESSIONS_ENDED = "sessions.ended", N_("Signed out of several browsers")
    OTP_CONFIRMED = "otp.confirmed", N_("Authenticator app set up"), "otp_confirmed"
    OTP_CHANGED = "otp.changed", N_("Authenticator app replaced"), "otp_changed"
    OTP_REMOVED = "otp.removed", N_("Authenticator app removed"), "otp_removed"
    OTP_RESET = "otp.reset", N_("Authenticator app reset"), "otp_reset"
    FACTORS_RESET = "factors.reset", N_("Second factors reset"), "factors_reset"
    OTP_REFUSED = "otp.refused", N_("Wrong security code entered"), "codes_guessed"
    RECOVERY_CODES_CREATED = (
        "recovery_codes.made",
        N_("New recovery codes created"),
        "recovery_codes_made",
    )
    RECOVERY_CODE_USED = "recovery_code.used", N_("Recovery code used"), "recovery_code_used"
    RECOVERY_CODE_REFUSED = "recovery_code.refused", N_("Wrong recovery code entered")
    PASSKEY_ADDED = "passkey.added", N_("Passkey added"), "passkey_added"
    PASSKEY_RENAMED = "passkey.renamed", N_("Passkey renamed")
    PASSKEY_REMOVED = "passkey.removed", N_("Passkey removed"), "passkey_removed"
    PASSKEY_REFUSED = "passkey.refused", N_("Passkey rejected")
    EMAIL_CHANGE_REQUESTED = (
        "email.change_requested",
        N_("Email address change requested"),
        "verify_email",
    )
    EMAIL_VERIFIED = "email.verified", N_("Email address confirmed"), "email_changed"
    CONSENT_GRANTED = "consent.granted", N_("App access allowed")
    CONSENT_REVOKED = "consent.revoked", N_("App access removed")
    DEVICE_APPROVED = "device.approved", N_("Device connected")
    IDENTITY_LINKED = "upstream.linked", N_("Connected account added"), "upstream_linked"
    IDENTITY_UNLINKED = "upstream.unlinked", N_("Connected account removed"), "upstream_unlinked"
    FEDERATED_USER_CREATED = (
        "upstream.account_created",
        N_("Account created with a connected account"),
    )
    FEDERATED_SIGN_IN_REPEATED = (
        "upstream.signed_in_again",
        N_("Signed in again with a connected account"),
    )
    MAIL_CODE_SENT = "mail_code.sent", N_("Confirmation code emailed"), "mail_code"
    MAIL_CODE_USED = "mail_code.used", N_("Change confirmed with an emailed code"), "mail_code_used"
    MAIL_CODE_REFUSED = "mail_code.refused", N_("Wrong emailed code entered"), "mail_codes_guessed"
    BROWSER_TRUSTED = "browser.remembered", N_("Trusted browser added")
    TRUSTED_BROWSERS_REMOVED = "browsers.forgotten", N_("Trusted browsers removed")
    GROUP_JOINED = "user.group_joined", N_("Added to a group")
    GROUP_LEFT = "user.group_left", N_("Removed from a group")
    GROUPS_RENEWED = "user.groups_renewed", N_("Groups updated by a connected account")
    ROLE_GRANTED = "user.role_granted", N_("Role added")
    ROLE_REVOKED = "user.role_revoked", N_("Role removed")
    PERSONAL_TOKEN_CREATED = (
        "personal_token.created",
        N_("Access token created"),
        "personal_token_created",
    )
    PERSONAL_TOKEN_REVOKED = "personal_token.revoked", N_("Access token revoked")
    CODE_REPLAYED = (
        "authorization_code.replayed",
        N_("App signed out because its sign-in code was used twice"),
    )
    REFRESH_TOKEN_SHARED = (
        "refresh_token.shared",
        N_("Sign-in of an app used by several of its processes"),
    )
    REFRESH_TOKEN_REPLAYED = (
        "refresh_token.replayed",
        N_("App signed out because an old token was used again"),
    )
    TOKEN_EXCHANGED = "token.exchanged", N_("Access passed on to another app")
    IDENTITY_ASSERTED = "identity.asserted", N_("Identity passed on to another server")
    IDENTITY_ACCEPTED = "identity.accepted", N_("Identity accepted from another server")
    ATTRIBUTES_CHANGED = "user.attributes_changed", N_("Attributes changed")


_LABELS = {event.value: event.label for event in AccountEvent}


def label_of(action: str) -> str | None:
    """Return the label of a stored action, or None if another release has written it."""
    return _LABELS.get(action)
