"""Invitations: an administrator creates the account, its user sets the password by a link."""

from datetime import timedelta
from typing import NamedTuple

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError, NotFoundError
from app.models.accounts.groups import MANUAL, Membership
from app.models.accounts.one_time_links import LinkPurpose
from app.models.accounts.roles import RoleGrant, user_subject
from app.models.accounts.users import User
from app.repositories.accounts.accounts import AccountRepository
from app.repositories.accounts.invitations import InvitationRepository
from app.repositories.accounts.users import UserRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.invitations import Invitation
from app.security.mailboxes import email_key
from app.security.passwords import has_password
from app.services.accounts.administration.link_delivery import MAILED, LinkDelivery
from app.services.accounts.events import AccountEvent
from app.services.accounts.new_users import new_user
from app.services.accounts.notices import language_of
from app.services.accounts.one_time_links import LinkMail, OneTimeLinks
from app.services.accounts.sign_in_names import new_name, require_no_address, taken
from app.services.accounts.stated_claims import check_preferred_username, without_username
from app.services.accounts.users import UserService
from app.services.operations.audit import AuditLog
from app.services.operations.authority import Authority
from app.services.operations.links import Links
from app.services.operations.mail import Outbox

PURPOSE = LinkPurpose.ACCEPT_INVITATION


class Invited(NamedTuple):
    """An invited user, and the link unless it was mailed."""

    user: User
    link: str | None


class InvitationAdministration:
    """Invitations. Without an outbox none can be mailed. `lasts` is how long a link is valid."""

    def __init__(
        self,
        *,
        users: UserService,
        user_repository: UserRepository,
        account_repository: AccountRepository,
        invitation_repository: InvitationRepository,
        one_time_links: OneTimeLinks,
        links: Links,
        outbox: Outbox | None,
        audit: AuditLog,
        clock: Clock,
        lasts: timedelta,
    ) -> None:
        self._users = users
        self._user_repository = user_repository
        self._account_repository = account_repository
        self._invitation_repository = invitation_repository
        self._one_time_links = one_time_links
        self._links = links
        self._outbox = outbox
        self._audit = audit
        self._clock = clock
        self._lasts = lasts

    async def invite(
        self, body: Invitation, *, delivery: LinkDelivery = MAILED, authority: Authority
    ) -> Invited:
        """Create an account without a password, and the link by which its user sets one.

        Raise `ConflictError` if the username is taken or the address is that of another account.
        """
        authority.require(AdminScope.USERS_WRITE)
        if body.groups:
            authority.require(AdminScope.GROUPS_WRITE)
        if body.roles:
            authority.require(AdminScope.ROLES_WRITE)
        name = new_name(body.username if body.username is not None else body.email)
        check_preferred_username(body, name.spelling)
        if await self._user_repository.list_by_email(email_key(body.email), limit=1):
            raise ConflictError(Detail.EMAIL_TAKEN, field="email")
        await require_no_address(self._user_repository, name)
        now = self._clock.now()
        user = new_user(name, without_username(body.stated_claims()), now=now)
        group_ids, role_ids = sorted({*body.groups}), sorted({*body.roles})
        mail = self._mail(user) if delivery.is_mailed else None
        new = self._one_time_links.new_link(
            PURPOSE,
            user,
            email=body.email if mail is not None else None,
            lasts=self._lasts,
            mail=mail,
        )
        event = self._audit.event(
            AccountEvent.USER_INVITED,
            user_id=user.user_id,
            after={
                "username": user.username,
                "claims": sorted(user.claim_values),
                "groups": group_ids,
                "roles": role_ids,
                "mailed": delivery.is_mailed,
            },
        )
        with delivery.allowed_by(authority) as is_full:
            outcome = await self._invitation_repository.add(
                user,
                new.link,
                memberships=[Membership(each, user.user_id, MANUAL, now) for each in group_ids],
                grants=[RoleGrant(each, user_subject(user.user_id), now) for each in role_ids],
                mail=new.mail,
                is_full=is_full,
                event=authority.preparing(event),
            )
        if outcome == "taken":
            raise taken()
        if outcome == "no_group":
            raise NotFoundError(Detail.GROUP_UNKNOWN, field="groups")
        if outcome == "no_role":
            raise NotFoundError(Detail.ROLE_UNKNOWN, field="roles")
        if mail is None:
            return Invited(user, self._links.invitation(new.token))
        mail.outbox.filled.set()
        return Invited(user, None)

    async def resend(
        self, user_id: str, *, delivery: LinkDelivery = MAILED, authority: Authority
    ) -> Invited:
        """Replace the invitation of a user who cannot sign in yet."""
        authority.require(AdminScope.USERS_WRITE)
        user = await self._users.get_by_id(user_id)
        email = user.standard_claims.email
        if email is None:
            raise ConflictError(Detail.EMAIL_MISSING)
        if await self._can_sign_in(user):
            raise ConflictError(Detail.INVITATION_ACCEPTED)
        mail = self._mail(user) if delivery.is_mailed else None
        event = self._audit.event(
            AccountEvent.INVITATION_SENT, user_id=user_id, mailed=delivery.is_mailed
        )
        if not delivery.is_mailed:
            event = authority.preparing(event)
        with delivery.allowed_by(authority) as is_full:
            token = await self._one_time_links.create(
                PURPOSE,
                user,
                email=email if mail is not None else None,
                lasts=self._lasts,
                mail=mail,
                is_full=is_full,
                event=event,
            )
        return Invited(user, None if mail is not None else self._links.invitation(token))

    async def revoke(self, user_id: str, *, authority: Authority) -> bool:
        """Revoke the invitation of a user, whose account remains; return False without one."""
        authority.require(AdminScope.USERS_WRITE)
        user = await self._users.get_by_id(user_id)
        event = self._audit.event(AccountEvent.INVITATION_REVOKED, user_id=user.user_id)
        return await self._invitation_repository.revoke(
            user_id, is_full=authority.is_full, event=event
        )

    async def _can_sign_in(self, user: User) -> bool:
        accounts = self._account_repository
        return bool(
            has_password(user.password_hash)
            or await accounts.list_passkeys(user.user_id)
            or await accounts.list_identities(user.user_id)
        )

    def _mail(self, user: User) -> LinkMail:
        """Return the mail that invites a user; raise `ConflictError` without a mail server."""
        if self._outbox is None:
            raise ConflictError(Detail.EMAIL_OFF)
        until = self._clock.now() + self._lasts
        return LinkMail(
            self._outbox,
            user.standard_claims.email or "",
            AccountEvent.USER_INVITED,
            language_of(user),
            lambda token: {
                "username": user.username,
                "link": self._links.invitation(token),
                "until": until.strftime("%Y-%m-%d %H:%M UTC"),
            },
        )
