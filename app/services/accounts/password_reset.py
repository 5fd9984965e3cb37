"""Password reset by a one-time link, which the user requests or an administrator creates."""

from datetime import timedelta

from app.clock import Clock
from app.models.accounts.one_time_links import LinkPurpose, OneTimeLink
from app.models.accounts.users import User
from app.repositories.accounts.users import UserRepository
from app.security import usernames
from app.security.mailboxes import email_key
from app.services.accounts.events import AccountEvent
from app.services.accounts.new_passwords import NewPasswords
from app.services.accounts.notices import Notices
from app.services.accounts.one_time_links import LinkMail, OneTimeLinks
from app.services.accounts.placeholder_user import placeholder_user
from app.services.operations.audit import AuditLog
from app.services.operations.limits import Limits
from app.services.operations.links import Links
from app.services.operations.mail import Outbox

LASTS = timedelta(hours=1)
MAXIMUM_ACCOUNTS = 5


class PasswordReset:
    """Password reset. Without an outbox only an administrator can create links."""

    def __init__(
        self,
        *,
        user_repository: UserRepository,
        new_passwords: NewPasswords,
        one_time_links: OneTimeLinks,
        outbox: Outbox | None,
        limits: Limits,
        audit: AuditLog,
        notices: Notices,
        clock: Clock,
        links: Links,
    ) -> None:
        self._user_repository = user_repository
        self._new_passwords = new_passwords
        self._one_time_links = one_time_links
        self._outbox = outbox
        self._limits = limits
        self._audit = audit
        self._notices = notices
        self._clock = clock
        self._links = links

    @property
    def is_offered(self) -> bool:
        """Whether users can have a link sent to them."""
        return self._outbox is not None

    async def request(self, name: str, *, language: str) -> None:
        """Send a link to each account with this username or verified address.

        The request is counted before any look-up, so `TooManyRequestsError` does not reveal which
        accounts exist. An account that was sent too many emails is skipped silently. If there is no
        account, the same work is done for a placeholder user, so that it takes the same time.
        """
        if self._outbox is None:
            return
        name_key = _normalized(name)
        await self._limits.count_mail(f"recovery of {name_key}")
        by_name = await self._user_repository.find_by_key(usernames.key_or_none(name) or "")
        by_address = await self._user_repository.list_by_email(
            email_key(name), limit=MAXIMUM_ACCOUNTS
        )
        users = {user.user_id: user for user in (by_name, *by_address) if user is not None}
        reachable = [
            user
            for user in users.values()
            if not user.is_disabled and user.standard_claims.verified_email is not None
        ]
        for user in reachable or [placeholder_user(now=self._clock.now())]:
            account = user.user_id if reachable else f"nobody {name_key}"
            may_be_mailed = await self._limits.may_be_mailed(f"recovery {account}")
            recipient = user if may_be_mailed else placeholder_user(now=self._clock.now())
            await self._send(self._outbox, recipient, language)

    async def find(self, token: str) -> tuple[OneTimeLink, User] | None:
        """Return the link and its user while it is valid, otherwise None."""
        link = await self._one_time_links.find(token, LinkPurpose.RESET_PASSWORD)
        user = await self._user_repository.find(link.user_id) if link is not None else None
        return (link, user) if link is not None and user is not None else None

    async def set_password(self, token: str, password: str) -> bool:
        """Set a password and sign the user out everywhere.

        Return False if the link is no longer valid. Raise `InvalidInputError` for an unacceptable
        password; the link then stays valid.
        """
        link_and_user = await self.find(token)
        if link_and_user is None:
            return False
        link, user = link_and_user
        password_hash = await self._new_passwords.hash_for(user, password)
        by = "mail" if link.email is not None else "administrator"
        event = self._audit.event(AccountEvent.PASSWORD_RESET, user_id=user.user_id, link_by=by)
        if not await self._one_time_links.use_for_password(link, password_hash, event=event):
            return False
        await self._notices.send(user, AccountEvent.PASSWORD_RESET)
        return True

    async def _send(self, outbox: Outbox, user: User, language: str) -> None:
        address = user.standard_claims.verified_email
        event = self._audit.event(
            AccountEvent.PASSWORD_RESET_REQUESTED,
            user_id=user.user_id if address is not None else None,
            succeeded=address is not None,
        )

        def values_with(token: str) -> dict[str, str]:
            return {"username": user.username, "link": self._links.new_password(token)}

        await self._one_time_links.create(
            LinkPurpose.RESET_PASSWORD,
            user,
            email=user.email_key or "",
            lasts=LASTS,
            mail=LinkMail(
                outbox, address or "", AccountEvent.PASSWORD_RESET_REQUESTED, language, values_with
            ),
            is_full=True,
            event=event,
        )


def _normalized(name: str) -> str:
    """Return the key of a username or an address, whether or not such an account exists."""
    return email_key(name) if "@" in name else usernames.account_of(name)
