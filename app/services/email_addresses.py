"""Whose mailbox it is: an address counts once its owner has opened the link that was sent there."""

import json
from datetime import timedelta
from urllib.parse import urlencode

from app.errors import TooManyRequestsError
from app.models.one_time_links import VERIFY_EMAIL, OneTimeLink
from app.models.users import User
from app.observability.logging import logger
from app.repositories.users import UserRepository
from app.schemas.claims import email_key, verified_email_in
from app.services.audit import AuditLog
from app.services.limits import Limits
from app.services.mail import Outbox
from app.services.notices import Notices, language_of
from app.services.one_time_links import LinkMail, OneTimeLinks

log = logger(__name__)

LASTS = timedelta(hours=24)
PATH = "/verify-email"


class EmailAddresses:
    """Without an outbox nothing is sent; links that were sent before still count."""

    def __init__(
        self,
        users: UserRepository,
        links: OneTimeLinks,
        outbox: Outbox | None,
        limits: Limits,
        audit: AuditLog,
        notices: Notices,
        *,
        issuer: str,
    ) -> None:
        self._users = users
        self._links = links
        self._outbox = outbox
        self._limits = limits
        self._audit = audit
        self._notices = notices
        self._issuer = issuer

    async def send_link(self, user: User, address: str, *, language: str) -> None:
        """Sends the link that makes this address the person's verified one; until then the old
        one stays. Raises `TooManyRequestsError`."""
        if self._outbox is None:
            return

        def values_with(token: str) -> dict[str, str]:
            return {
                "email": address,
                "link": f"{self._issuer}{PATH}?{urlencode({'token': token})}",
            }

        mail = LinkMail(self._outbox, address, "verify_email", language, values_with)
        await self._limits.count_verification(user.user_id, email_key(address))
        event = self._audit.event("email.change_requested", user_id=user.user_id)
        await self._links.create(
            VERIFY_EMAIL, user, email=address, lasts=LASTS, mail=mail, event=event
        )

    async def welcome(self, user: User, *, language: str | None = None) -> None:
        """Sends the link to who registered with an address.

        Where that is one mail too many he has his account all the same, and can ask again.
        """
        address = json.loads(user.claims).get("email")
        if not address or verified_email_in(user.claims) is not None:
            return
        try:
            await self.send_link(user, address, language=language or language_of(user))
        except TooManyRequestsError:
            log.info("user %s registered and is sent no mail now", user.user_id)

    async def pending(self, user: User) -> str | None:
        """The address that a link was sent to which was not opened yet."""
        link = await self._links.find_newest(user, VERIFY_EMAIL)
        return link.email if link is not None else None

    async def find(self, token: str) -> tuple[OneTimeLink, User] | None:
        """The link and whose it is, while it counts."""
        link = await self._links.find(token, VERIFY_EMAIL)
        user = await self._users.find(link.user_id) if link is not None else None
        return (link, user) if link is not None and user is not None else None

    async def confirm(self, token: str) -> User | None:
        """Makes the address the person's; None where the link does not count any more."""
        found = await self.find(token)
        if found is None:
            return None
        link, before = found
        claims = {**json.loads(before.claims), "email": link.email, "email_verified": True}
        event = self._audit.event("email.verified", user_id=before.user_id)
        if not await self._links.use_for_claims(link, before, json.dumps(claims), event=event):
            return None
        old = verified_email_in(before.claims)
        if old is not None and old != link.email:
            await self._notices.tell(before, "email_changed")
        return await self._users.find(before.user_id)
