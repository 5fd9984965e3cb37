"""How a user's account is protected, and what they can do about it: the heading of `/account`."""

from dataclasses import dataclass

from app.pages.account.base import AccountRequest
from app.pages.support.urls import ACCOUNT
from app.security.passwords import has_password
from app.services.factors.recovery_codes import FEW


@dataclass(frozen=True, slots=True)
class AdviceView:
    """Something that the user should do, and the page for it."""

    text: str
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class ProtectionView:
    heading: str
    is_protected: bool
    advice: list[AdviceView]


async def protection_of(request: AccountRequest) -> ProtectionView:
    """Return the view of how the account is protected."""
    heading, is_protected = await _protection(request)
    advice = [] if is_protected else [_second_factor(request)]
    address = _address(request)
    if address is not None:
        advice.append(address)
    codes = await _recovery_codes(request)
    if codes is not None:
        advice.append(codes)
    return ProtectionView(heading, is_protected, advice)


async def _protection(request: AccountRequest) -> tuple[str, bool]:
    """Return the heading, and whether more than a password of this server is required."""
    has_app = request.user.has_confirmed_otp
    has_passkey = await request.once(request.services.factors.passkeys.count_of) > 0
    if has_app and has_passkey:
        return request.text("Your account is protected by a passkey and an authenticator app"), True
    if has_passkey:
        return request.text("Your account is protected by a passkey"), True
    if has_app:
        return request.text("Your account is protected by an authenticator app"), True
    if has_password(request.user.password_hash):
        return request.text("Your account is protected by a password only"), False
    if await request.once(request.services.federation.identity_providers.list_of):
        return request.text("Your account is protected by a connected account"), True
    return request.text("Your account isn't protected yet"), False


def _second_factor(request: AccountRequest) -> AdviceView:
    """Return the advice to add a passkey; where they are not offered, an authenticator app."""
    if request.services.factors.passkeys.origin is not None:
        return AdviceView(
            text=request.text("Someone who learns your password can sign in as you."),
            label=request.text("Add a passkey"),
            url=f"{ACCOUNT}/passkeys",
        )
    return AdviceView(
        text=request.text("Someone who learns your password can sign in as you."),
        label=request.text("Set up an authenticator app"),
        url=f"{ACCOUNT}/authenticator",
    )


def _address(request: AccountRequest) -> AdviceView | None:
    """Return the advice to add or confirm an email address, if links can be sent."""
    verification = request.services.accounts.email_verification
    unverified = verification.unverified_email(request.user)
    if unverified is not None:
        text = request.text(
            "Your email address %(email)s isn't confirmed yet. Until it is, you can't use it to "
            "set a new password, and we can't notify you of account activity."
        )
        return AdviceView(
            text=text % {"email": unverified},
            label=request.text("Confirm your email address"),
            url=f"{ACCOUNT}/email",
        )
    if request.user.standard_claims.email or not verification.is_offered:
        return None
    return AdviceView(
        text=request.text(
            "Without an email address you can't set a new password if you forget yours, and we "
            "can't notify you of account activity."
        ),
        label=request.text("Add a recovery address"),
        url=f"{ACCOUNT}/email",
    )


async def _recovery_codes(request: AccountRequest) -> AdviceView | None:
    """Return the advice to create recovery codes, if a user of an authenticator app has few."""
    if not request.user.has_confirmed_otp:
        return None
    left = await request.once(request.services.factors.recovery_codes.count_left)
    if left > FEW:
        return None
    text = request.text(
        "If you lose your phone, you can sign in with a recovery code. Codes left: %(left)s."
    )
    return AdviceView(
        text=text % {"left": left},
        label=request.text("Create recovery codes"),
        url=f"{ACCOUNT}/recovery-codes",
    )
