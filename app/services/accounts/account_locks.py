"""Whether sign-ins to an account are delayed after failed attempts, and lifting the delay.

Counts are stored under digests, so the networks are those of the account's recent audit events.
"""

from datetime import datetime, timedelta

from app.clock import Clock
from app.details import Detail
from app.errors import NotFoundError
from app.models.accounts.users import User
from app.observability.request_context import network_of
from app.repositories.accounts.users import UserRepository
from app.repositories.factors.trusted_browsers import TrustedBrowserRepository
from app.services.accounts.events import AccountEvent
from app.services.operations.audit import AuditLog
from app.services.operations.limits import Limits

EVENTS = 200
NETWORKS = 20


class AccountLocks:
    def __init__(
        self,
        *,
        user_repository: UserRepository,
        trusted_browser_repository: TrustedBrowserRepository,
        limits: Limits,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._user_repository = user_repository
        self._trusted_browser_repository = trusted_browser_repository
        self._limits = limits
        self._audit = audit
        self._clock = clock

    async def locked_until(self, user: User) -> datetime | None:
        """Return until when sign-ins are delayed for a network or a browser, or None."""
        seconds = await self._limits.delay_of(user, **await self._places(user))
        return self._clock.now() + timedelta(seconds=seconds) if seconds > 0 else None

    async def clear(self, user: User, *, is_full: bool) -> datetime | None:
        """Let a user try to sign in again at once; return until when that was delayed.

        `is_full` says that the caller is a full administrator. Raise
        `FullAdministratorRequiredError` for an account that carries an administrative role.
        """
        places = await self._places(user)
        seconds = await self._limits.delay_of(user, **places)
        locked_until = self._clock.now() + timedelta(seconds=seconds) if seconds > 0 else None
        event = self._audit.event(
            AccountEvent.USER_UNLOCKED,
            user_id=user.user_id,
            before={"locked_until": locked_until.isoformat() if locked_until else None},
            after={"locked_until": None},
        )
        if not await self._user_repository.record(user.user_id, is_full=is_full, event=event):
            raise NotFoundError(Detail.USER_UNKNOWN)
        await self._limits.unlock(user, **places)
        return locked_until

    async def _places(self, user: User) -> dict[str, list[str]]:
        events = await self._audit.list_of_user(user.user_id, limit=EVENTS)
        networks = dict.fromkeys(network_of(event.address) for event in events if event.address)
        digests = await self._trusted_browser_repository.list_of(
            user.user_id, now=self._clock.now()
        )
        return {
            "networks": list(networks)[:NETWORKS],
            "browsers": [digest.hex() for digest in digests],
        }
