"""What administrators do to accounts of users, and invitations."""

from typing import Annotated

from fastapi import Depends, Response

from app.dependencies import AccountsDep
from app.details import Detail
from app.errors import NotFoundError
from app.routers.admin.access import require
from app.routers.admin.bodies import JsonBody
from app.routers.admin.parameters import UserId
from app.routers.admin.routes import CREATED, admin_router, created, documented
from app.routers.admin.user_resources import user_resource
from app.schemas.admin.users import (
    EndedSessions,
    InvitedUser,
    LinkDelivery,
    SentVerification,
    Unlocked,
    UserInvite,
    UserLink,
)
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.administration.changes import version_of
from app.services.accounts.administration.link_delivery import MAILED, RETURNED
from app.services.accounts.administration.link_delivery import LinkDelivery as Delivered
from app.services.operations.authority import Authority

Writes = Annotated[Authority, require(AdminScope.USERS_WRITE)]
EndsSessions = Annotated[Authority, require(AdminScope.SESSIONS_WRITE)]
Delivery = Annotated[LinkDelivery, Depends(JsonBody(LinkDelivery))]

router = admin_router("users", tag="Users")
invitations = admin_router("invitations", tag="Users")


@router.post("/{user_id}/sign-out")
async def sign_out_user(
    user_id: UserId, authority: EndsSessions, accounts: AccountsDep
) -> EndedSessions:
    """End all sessions of a user, with their tokens."""
    await accounts.users.get_by_id(user_id)
    ended = await accounts.administration.users.sign_out(user_id, authority=authority)
    return EndedSessions(ended_sessions=ended)


@router.post("/{user_id}/unlock")
async def unlock_user(user_id: UserId, authority: Writes, accounts: AccountsDep) -> Unlocked:
    """Lift the delay of a user's sign-in after wrong passwords or codes."""
    until = await accounts.administration.credentials.unlock(user_id, authority=authority)
    return Unlocked(locked_until=until)


@router.post("/{user_id}/reset-password")
async def reset_user_password(
    user_id: UserId, authority: Writes, body: Delivery, accounts: AccountsDep
) -> UserLink:
    """Create a link by which a user sets a new password. It is valid for 24 hours."""
    link = await accounts.administration.credentials.create_password_link(
        user_id, delivery=_delivery_of(body), authority=authority
    )
    return UserLink(link=link)


@router.post("/{user_id}/reset-factor", status_code=204)
async def reset_user_factor(user_id: UserId, authority: Writes, accounts: AccountsDep) -> None:
    """Remove the authenticator app, passkeys and recovery codes of a user, and sign them out.

    They set up a second factor at the next sign-in.
    """
    await accounts.administration.credentials.reset_factors(user_id, authority=authority)


@router.post("/{user_id}/send-verification-email")
async def send_verification_email(
    user_id: UserId, authority: Writes, accounts: AccountsDep
) -> SentVerification:
    """Send the link that verifies the email address of a user."""
    email = await accounts.administration.emails.send_verification(user_id, authority=authority)
    return SentVerification(email=email)


@router.post("/{user_id}/invitation")
async def resend_invitation(
    user_id: UserId, authority: Writes, body: Delivery, accounts: AccountsDep
) -> UserLink:
    """Send a new invitation to a user who cannot sign in yet. The old link becomes invalid."""
    invited = await accounts.administration.invitations.resend(
        user_id, delivery=_delivery_of(body), authority=authority
    )
    return UserLink(link=invited.link)


@router.delete("/{user_id}/invitation", status_code=204)
async def revoke_invitation(user_id: UserId, authority: Writes, accounts: AccountsDep) -> None:
    """Revoke the invitation of a user. The account remains."""
    if not await accounts.administration.invitations.revoke(user_id, authority=authority):
        raise NotFoundError(Detail.INVITATION_UNKNOWN)


@invitations.post(
    "", status_code=201, responses=CREATED | documented({404: "There is no such group or role."})
)
async def invite_user(
    authority: Writes,
    body: Annotated[UserInvite, Depends(JsonBody(UserInvite))],
    accounts: AccountsDep,
    response: Response,
) -> InvitedUser:
    """Create a user, and mail the link by which they set a password and a second factor.

    Groups and roles also need the scopes `groups:write` and `roles:write`.
    """
    invited = await accounts.administration.invitations.invite(
        body, delivery=_delivery_of(body), authority=authority
    )
    created(response, f"users/{invited.user.user_id}", version=version_of(invited.user, {}))
    return InvitedUser(**user_resource(invited.user).model_dump(), link=invited.link)


def _delivery_of(body: LinkDelivery) -> Delivered:
    return RETURNED if body.delivery == "link" else MAILED
