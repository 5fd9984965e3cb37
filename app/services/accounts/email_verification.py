"""Verification of email addresses by opening a link that is sent to them."""

import json
from datetime import timedelta

from app.details import Detail
from app.errors import ConflictError, TooManyRequestsError
from app.models.accounts.one_time_links import LinkPurpose, OneTimeLink
from app.models.accounts.users import User
from app.observability.logging import logger
from app.repositories.accounts.users import UserRepository
from app.security.mailboxes import email_key
from app.services.accounts.events import AccountEvent
from app.services.accounts.notices import Notices, language_of
from app.services.accounts.one_time_links import LinkMail, OneTimeLinks
from app.services.operations.audit import AuditLog
from app.services.operations.limits import Limits
from app.services.operations.links import Links
from app.services.operations.mail import Outbox

log = logger(__name__)

LASTS = timedelta(hours=24)


class EmailVerification:
    """Email addresses of users. Without an outbox no links are sent; earlier ones stay valid."""

    def __init__(
        self,
        *,
        user_repository: UserRepository,
        one_time_links: OneTimeLinks,
        outbox: Outbox | None,
        limits: Limits,
        audit: AuditLog,
        notices: Notices,
        links: Links,
    ) -> None:
        self._user_repository = user_repository
        self._one_time_links = one_time_links
        self._outbox = outbox
        self._limits = limits
        self._audit = audit
        self._notices = notices
        self._links = links

    @property
    def is_offered(self) -> bool:
        """Whether links can be sent."""
        return self._outbox is not None

    async def send_link(self, user: User, address: str, *, language: str) -> None:
        """Send the link that makes this address the user's verified one.

        Until it is used the old address stays. Raise `TooManyRequestsError`.
        """
        if self._outbox is None:
            return
        await self._limits.count_verification(user.user_id, email_key(address))
        await self.store_link(user, address, language=language, is_full=True)

    async def store_link(self, user: User, address: str, *, language: str, is_full: bool) -> None:
        """Do as `send_link`, without its limits.

        `is_full` says that the caller is a full administrator, or the user. Raise `ConflictError`
        without an outbox.
        """
        if self._outbox is None:
            raise ConflictError(Detail.EMAIL_OFF)

        def values_with(token: str) -> dict[str, str]:
            return {"email": address, "link": self._links.verify_email(token)}

        mail = LinkMail(
            self._outbox, address, AccountEvent.EMAIL_CHANGE_REQUESTED, language, values_with
        )
        event = self._audit.event(AccountEvent.EMAIL_CHANGE_REQUESTED, user_id=user.user_id)
        await self._one_time_links.create(
            LinkPurpose.VERIFY_EMAIL,
            user,
            email=address,
            lasts=LASTS,
            mail=mail,
            is_full=is_full,
            event=event,
        )

    async def welcome(self, user: User, *, language: str | None = None) -> None:
        """Send the link to a user who registered with an address.

        If the limit on emails is reached, the account exists anyway, and the user can ask again.
        """
        address = user.standard_claims.email
        if not address or user.standard_claims.verified_email is not None:
            return
        try:
            await self.send_link(user, address, language=language or language_of(user))
        except TooManyRequestsError:
            log.info("user %s registered, but was not sent an email", user.user_id)

    def unverified_email(self, user: User) -> str | None:
        """Return the address that the user has yet to verify, if links can be sent."""
        claims = user.standard_claims
        is_unverified = claims.email and not claims.email_verified
        return claims.email if is_unverified and self.is_offered else None

    async def pending(self, user: User) -> str | None:
        """Return the address that a link was sent to and that is not verified yet."""
        link = await self._one_time_links.find_newest(user, LinkPurpose.VERIFY_EMAIL)
        return link.email if link is not None else None

    async def find(self, token: str) -> tuple[OneTimeLink, User] | None:
        """Return the link and its user while it is valid, otherwise None."""
        link = await self._one_time_links.find(token, LinkPurpose.VERIFY_EMAIL)
        user = await self._user_repository.find(link.user_id) if link is not None else None
        return (link, user) if link is not None and user is not None else None

    async def confirm(self, token: str) -> User | None:
        """Make the address of a link the user's verified one.

        Return None if the link is no longer valid.
        """
        link_and_user = await self.find(token)
        if link_and_user is None:
            return None
        link, user = link_and_user
        claims = {**user.claim_values, "email": link.email, "email_verified": True}
        event = self._audit.event(AccountEvent.EMAIL_VERIFIED, user_id=user.user_id)
        if not await self._one_time_links.use_for_claims(
            link, user, json.dumps(claims), event=event
        ):
            return None
        old = user.standard_claims.verified_email
        if old is not None and old != link.email:
            await self._notices.send(user, AccountEvent.EMAIL_VERIFIED)
        return await self._user_repository.find(user.user_id)
