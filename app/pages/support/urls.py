"""The URLs of the pages. The layers below name an interaction, or take a URL from `Links`."""

from collections.abc import Mapping

from app.oauth.authorization.interactions import InteractionKind
from app.services.operations.links import (
    DEVICE_PATH,
    INVITATION_PATH,
    KNOWN_NETWORK_PATH,
    NEW_PASSWORD_PATH,
    PROVIDER_CALLBACK_PATH,
    VERIFY_EMAIL_PATH,
)

LOGIN = "/login"
CANCEL = "/login/cancel"
OTP = "/login/otp"
ENROLL = "/login/enroll"
ENROLL_PASSKEY = "/login/enroll/passkey"
NOT_NOW = "/login/enroll/not-now"
RECOVERY = "/login/recovery"
STEP_UP = "/login/step-up"
PASSKEY = "/login/passkey"
OTP_PASSKEY = "/login/otp/passkey"
PROVIDER = "/login/with/{name}"
PROVIDER_CALLBACK = PROVIDER_CALLBACK_PATH
NEW_HERE = "/login/new-here"
RECOVERY_CODES_SAVED = "/recovery-codes/saved"
CREATE_ACCOUNT = "/create-account"
RECOVER = "/recover"
NEW_PASSWORD = NEW_PASSWORD_PATH
INVITATION = INVITATION_PATH
KNOWN_NETWORK = KNOWN_NETWORK_PATH
VERIFY_EMAIL = VERIFY_EMAIL_PATH
AUTHORIZE = "/authorize"
RESUME = "/authorize/resume"
SELECT_ACCOUNT = "/select-account"
CONSENT = "/consent"
NO_ACCESS = "/no-access"
DEVICE = DEVICE_PATH
LOGOUT = "/logout"
ACCOUNT = "/account"
CONFIRM = "/account/confirm"
CONNECTIONS = "/account/connections"
CONSOLE = "/admin"

PAGE_OF: Mapping[InteractionKind, str] = {
    InteractionKind.LOGIN: LOGIN,
    InteractionKind.CREATE_ACCOUNT: CREATE_ACCOUNT,
    InteractionKind.SELECT_ACCOUNT: SELECT_ACCOUNT,
    InteractionKind.CONSENT: CONSENT,
    InteractionKind.STEP_UP: STEP_UP,
    InteractionKind.NO_ACCESS: NO_ACCESS,
}
"""The page of each interaction that a pending authorization request may require."""
