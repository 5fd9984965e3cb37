"""State of a sign-in between its first and its second factor, in a sealed cookie."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.pages.support import Browser
from app.pages.support.cookies import OMITTED_IF_EMPTY, SealedCookie
from app.security.purposes import Purpose
from app.services.accounts.sessions import AMR_PASSWORD

AMR_OTP = "otp"
AMR_MFA = "mfa"
"""Authentication methods (RFC 8176)."""


@dataclass(frozen=True, slots=True)
class StoredSignIn:
    """The content of the cookie; times are in seconds since the epoch.

    An earlier release does not know `provider` and `stays_signed_in`.
    """

    user_id: str
    credentials_version: str
    given_at: float
    otp_secret: str | None
    first_factor: str
    session_id: str | None
    auth_time: float | None
    provider: str = field(default="", metadata=OMITTED_IF_EMPTY)
    stays_signed_in: bool = field(default=False, metadata=OMITTED_IF_EMPTY)


SIGN_IN = SealedCookie(
    name="postern_sign_in",
    content=StoredSignIn,
    purpose=Purpose.SIGN_IN,
    since="given_at",
    lasts=timedelta(minutes=10),
)


@dataclass(frozen=True, slots=True)
class SignInState:
    """A sign-in whose first factor has been given.

    `otp_secret` is set while the page enrols a TOTP. `first_factor` is the first factor as an RFC
    8176 method. `auth_time` is when it was given, according to a session or an identity provider.
    `adds_factor` is True if the sign-in adds a factor to an existing session. `provider` is the
    identity provider of the first factor, if it was one. `stays_signed_in` says whether the user
    asked to stay signed in.
    """

    user: User
    otp_secret: str | None
    first_factor: str
    auth_time: datetime
    adds_factor: bool
    provider: str | None = None
    stays_signed_in: bool = False


def store_sign_in(
    browser: Browser,
    user: User,
    *,
    otp_secret: str | None = None,
    first_factor: str = AMR_PASSWORD,
    session: Session | None = None,
    auth_time: datetime | None = None,
    provider: str | None = None,
    stays_signed_in: bool = False,
) -> None:
    """Store in a cookie that the user has given the first factor.

    It was given now, at `auth_time`, or at the `auth_time` of `session`; `provider` is the identity
    provider, if it was one.
    """
    provider = session.provider if session is not None else provider
    auth_time = session.auth_time if session is not None else auth_time
    stored_sign_in = StoredSignIn(
        user_id=user.user_id,
        credentials_version=user.credentials_version,
        given_at=browser.services.core.clock.now().timestamp(),
        otp_secret=otp_secret,
        first_factor=first_factor,
        session_id=session.session_id if session is not None else None,
        auth_time=auth_time.timestamp() if auth_time is not None else None,
        provider=provider or "",
        stays_signed_in=stays_signed_in,
    )
    SIGN_IN.set(browser, stored_sign_in)


async def find_sign_in(browser: Browser) -> SignInState | None:
    """Return the sign-in whose first factor was given in this browser, or None if it is invalid."""
    stored = SIGN_IN.get(browser)
    user = await browser.services.accounts.users.find(stored.user_id) if stored else None
    if (
        stored is None
        or user is None
        or user.is_disabled
        or user.credentials_version != stored.credentials_version
        or not _is_session_of(browser, user, stored.session_id)
    ):
        return None
    auth_time = stored.auth_time if stored.auth_time is not None else stored.given_at
    return SignInState(
        user,
        stored.otp_secret,
        stored.first_factor,
        auth_time=datetime.fromtimestamp(auth_time, UTC),
        adds_factor=stored.session_id is not None,
        provider=stored.provider or None,
        stays_signed_in=stored.stays_signed_in,
    )


def _is_session_of(browser: Browser, user: User, session_id: str | None) -> bool:
    """Return whether the user still has the session in this browser, if a sign-in needs one."""
    session = browser.session_of(user)
    return session_id is None or (session is not None and session.session_id == session_id)
