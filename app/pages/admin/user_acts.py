"""What administrators do to an account: one declaration and one line in `ACTS` for each."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.i18n.messages import N_
from app.pages.admin.user_forms import UserRequest
from app.pages.admin.views import Link
from app.services.accounts.administration.details import UserDetails
from app.services.accounts.administration.link_delivery import MAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class UserAct:
    """An act that is confirmed on a page of its own, `/admin/users/{user_id}/{place}`.

    If it `needs_fresh_sign_in`, the administrator signed in within the last minutes. `is_offered`
    says whether it makes sense for an account. `leads_to_list` is set if there is no user any more.
    """

    place: str
    label: str
    heading: str
    explanation: str
    submit: str
    needs_fresh_sign_in: bool
    is_danger: bool
    is_offered: Callable[[UserDetails], bool]
    run: Callable[[UserRequest], Awaitable[None]]
    leads_to_list: bool = False


async def _sign_out(request: UserRequest) -> None:
    await request.services.accounts.administration.users.sign_out(
        request.subject.user_id, authority=request.authority
    )


async def _disable(request: UserRequest) -> None:
    await request.services.accounts.administration.users.set_disabled(
        request.subject.user_id, disabled=True, authority=request.authority
    )


async def _enable(request: UserRequest) -> None:
    await request.services.accounts.administration.users.set_disabled(
        request.subject.user_id, disabled=False, authority=request.authority
    )


async def _delete(request: UserRequest) -> None:
    await request.services.accounts.administration.users.delete(
        request.subject.user_id, authority=request.authority
    )


async def _mail_password_link(request: UserRequest) -> None:
    await request.services.accounts.administration.credentials.create_password_link(
        request.subject.user_id, delivery=MAILED, authority=request.authority
    )


async def _reset_factors(request: UserRequest) -> None:
    await request.services.accounts.administration.credentials.reset_factors(
        request.subject.user_id, authority=request.authority
    )


async def _unlock(request: UserRequest) -> None:
    await request.services.accounts.administration.credentials.unlock(
        request.subject.user_id, authority=request.authority
    )


async def _verify_email(request: UserRequest) -> None:
    await request.services.accounts.administration.emails.mark_verified(
        request.subject.user_id, authority=request.authority
    )


async def _send_verification(request: UserRequest) -> None:
    await request.services.accounts.administration.emails.send_verification(
        request.subject.user_id, authority=request.authority
    )


async def _resend_invitation(request: UserRequest) -> None:
    await request.services.accounts.administration.invitations.resend(
        request.subject.user_id, delivery=MAILED, authority=request.authority
    )


async def _revoke_invitation(request: UserRequest) -> None:
    await request.services.accounts.administration.invitations.revoke(
        request.subject.user_id, authority=request.authority
    )


def _has_unverified_email(details: UserDetails) -> bool:
    claims = details.user.standard_claims
    return claims.email is not None and claims.verified_email is None


SIGN_OUT = UserAct(
    place="sign-out",
    label=N_("Sign out everywhere"),
    heading=N_("Sign out everywhere?"),
    explanation=N_("All sessions of the user end, and apps lose the tokens that they got in them."),
    submit=N_("Sign out everywhere"),
    needs_fresh_sign_in=False,
    is_danger=False,
    is_offered=lambda details: bool(details.sessions),
    run=_sign_out,
)
DISABLE = UserAct(
    place="disable",
    label=N_("Disable"),
    heading=N_("Disable this user?"),
    explanation=N_(
        "The user is signed out, can't sign in, and apps lose access. You can enable the account "
        "again."
    ),
    submit=N_("Disable user"),
    needs_fresh_sign_in=True,
    is_danger=True,
    is_offered=lambda details: not details.user.is_disabled,
    run=_disable,
)
ENABLE = UserAct(
    place="enable",
    label=N_("Enable"),
    heading=N_("Enable this user?"),
    explanation=N_("The user can sign in again."),
    submit=N_("Enable user"),
    needs_fresh_sign_in=True,
    is_danger=False,
    is_offered=lambda details: details.user.is_disabled,
    run=_enable,
)
DELETE = UserAct(
    place="delete",
    label=N_("Delete"),
    heading=N_("Delete this user?"),
    explanation=N_(
        "The account is deleted permanently, with its profile, second factors, sessions and "
        "memberships. Apps lose access. The audit log keeps its events."
    ),
    submit=N_("Delete user"),
    needs_fresh_sign_in=True,
    is_danger=True,
    is_offered=lambda details: True,
    run=_delete,
    leads_to_list=True,
)
PASSWORD_LINK = UserAct(
    place="reset-password",
    label=N_("Send a password link"),
    heading=N_("Send a link for a new password?"),
    explanation=N_(
        "The user gets an email with a link that is valid for 24 hours. The password stays valid "
        "until they choose a new one."
    ),
    submit=N_("Send link"),
    needs_fresh_sign_in=True,
    is_danger=False,
    is_offered=lambda details: details.user.standard_claims.verified_email is not None,
    run=_mail_password_link,
)
RESET_FACTORS = UserAct(
    place="reset-factors",
    label=N_("Reset second factors"),
    heading=N_("Reset the second factors?"),
    explanation=N_(
        "The authenticator app, the passkeys and the recovery codes are removed, and the user is "
        "signed out. They set up a second factor at the next sign-in."
    ),
    submit=N_("Reset second factors"),
    needs_fresh_sign_in=True,
    is_danger=True,
    is_offered=lambda details: details.user.has_confirmed_otp or bool(details.passkeys),
    run=_reset_factors,
)
UNLOCK = UserAct(
    place="unlock",
    label=N_("Unlock"),
    heading=N_("Let the user sign in now?"),
    explanation=N_("Sign-ins are delayed after wrong passwords or codes. The delay is lifted."),
    submit=N_("Unlock"),
    needs_fresh_sign_in=True,
    is_danger=False,
    is_offered=lambda details: details.locked_until is not None,
    run=_unlock,
)
VERIFY_EMAIL = UserAct(
    place="verify-email",
    label=N_("Mark as verified"),
    heading=N_("Mark the email address as verified?"),
    explanation=N_("The user can sign in with it and reset their password by email."),
    submit=N_("Mark as verified"),
    needs_fresh_sign_in=True,
    is_danger=False,
    is_offered=_has_unverified_email,
    run=_verify_email,
)
SEND_VERIFICATION = UserAct(
    place="send-verification-email",
    label=N_("Send a verification email"),
    heading=N_("Send a verification email?"),
    explanation=N_("It contains a link that verifies the email address."),
    submit=N_("Send email"),
    needs_fresh_sign_in=False,
    is_danger=False,
    is_offered=_has_unverified_email,
    run=_send_verification,
)
RESEND_INVITATION = UserAct(
    place="resend-invitation",
    label=N_("Send the invitation again"),
    heading=N_("Send the invitation again?"),
    explanation=N_("The user gets an email with a new link. The earlier one becomes invalid."),
    submit=N_("Send invitation"),
    needs_fresh_sign_in=True,
    is_danger=False,
    is_offered=lambda details: not details.has_password and not details.passkeys,
    run=_resend_invitation,
)
REVOKE_INVITATION = UserAct(
    place="revoke-invitation",
    label=N_("Withdraw the invitation"),
    heading=N_("Withdraw the invitation?"),
    explanation=N_("The link becomes invalid. The account stays until you delete it."),
    submit=N_("Withdraw invitation"),
    needs_fresh_sign_in=False,
    is_danger=True,
    is_offered=lambda details: details.figures.invited_until is not None,
    run=_revoke_invitation,
)
ACTS: Sequence[UserAct] = (
    SIGN_OUT,
    DISABLE,
    ENABLE,
    DELETE,
    PASSWORD_LINK,
    RESET_FACTORS,
    UNLOCK,
    VERIFY_EMAIL,
    SEND_VERIFICATION,
    RESEND_INVITATION,
    REVOKE_INVITATION,
)


def acts_for(request: UserRequest, details: UserDetails, *acts: UserAct) -> Sequence[Link]:
    """Return links to those of the acts that make sense for the account."""
    return request.offered(
        *(
            Link(
                request.text(act.label),
                f"{request.subject_url}/{act.place}",
                is_danger=act.is_danger,
            )
            for act in acts
            if act.is_offered(details)
        )
    )
