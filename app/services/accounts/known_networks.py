"""Let the owner of an account that strangers guess at sign in from their own network.

After many failures, all networks that are unknown to the account share one back-off. The owner is
emailed a link; the button on its page makes the network that it is pressed from a known one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from app.clock import Clock
from app.errors import SharedDelayError
from app.models.accounts.one_time_links import LinkPurpose, OneTimeLink
from app.models.accounts.users import User
from app.observability import request_context
from app.repositories.accounts.users import UserRepository
from app.services.accounts.events import AccountEvent
from app.services.accounts.notices import language_of
from app.services.accounts.one_time_links import LinkMail, OneTimeLinks
from app.services.accounts.placeholder_user import placeholder_user
from app.services.operations.audit import ANONYMOUS, AuditLog
from app.services.operations.limits import Limits
from app.services.operations.links import Links
from app.services.operations.mail import Outbox

LASTS = timedelta(hours=24)


class KnownNetworks:
    """Known networks of users. Without an outbox no email is sent."""

    def __init__(
        self,
        *,
        user_repository: UserRepository,
        one_time_links: OneTimeLinks,
        outbox: Outbox | None,
        limits: Limits,
        audit: AuditLog,
        clock: Clock,
        links: Links,
    ) -> None:
        self._user_repository = user_repository
        self._one_time_links = one_time_links
        self._outbox = outbox
        self._limits = limits
        self._audit = audit
        self._clock = clock
        self._links = links

    @asynccontextmanager
    async def notifying_owner(self, user: User | None, account: str) -> AsyncIterator[None]:
        """Email the owner, once a day at most, if the shared back-off refuses an attempt.

        For a name without an account the same work is done.
        """
        try:
            yield
        except SharedDelayError:
            if self._outbox is not None:
                await self._notify(self._outbox, user, account)
            raise

    async def find(self, token: str) -> tuple[OneTimeLink, User] | None:
        """Return the link and its user while it is valid, otherwise None."""
        link = await self._one_time_links.find(token, LinkPurpose.ALLOW_NETWORK)
        user = await self._user_repository.find(link.user_id) if link is not None else None
        return (link, user) if link is not None and user is not None else None

    async def confirm(self, token: str) -> User | None:
        """Make the network of this request a known one.

        Return None if the link is not valid.
        """
        link_and_user = await self.find(token)
        if link_and_user is None:
            return None
        link, user = link_and_user
        event = self._audit.event(AccountEvent.NETWORK_ALLOWED, user_id=user.user_id)
        is_used = await self._one_time_links.use_for_network(
            link, user, request_context.network(), event=event
        )
        return user if is_used else None

    async def _notify(self, outbox: Outbox, user: User | None, account: str) -> None:
        name = user.user_id if user is not None else account
        if not await self._limits.once_a_day(f"delayed {name}"):
            return
        is_reachable = user is not None and not user.is_disabled
        owner = (
            user if user is not None and is_reachable else placeholder_user(now=self._clock.now())
        )
        recipient = owner.standard_claims.verified_email
        event = self._audit.event(
            AccountEvent.SIGN_IN_DELAYED,
            user_id=user.user_id if user is not None else None,
            actor=ANONYMOUS,
            succeeded=False,
        )

        def values_with(token: str) -> dict[str, str]:
            return {
                "username": owner.username,
                "at": self._clock.now().strftime("%Y-%m-%d %H:%M UTC"),
                "address": request_context.address(),
                "link": self._links.known_network(token),
            }

        await self._one_time_links.create(
            LinkPurpose.ALLOW_NETWORK,
            owner,
            email=owner.email_key or "",
            lasts=LASTS,
            mail=LinkMail(
                outbox,
                recipient or "",
                AccountEvent.SIGN_IN_DELAYED,
                language_of(owner),
                values_with,
            ),
            is_full=True,
            event=event,
        )
