"""Delete users who registered and never confirmed a second factor."""

from datetime import datetime, timedelta

from app.clock import Clock
from app.repositories.accounts.unconfirmed_users import UnconfirmedUserRepository
from app.services.accounts.events import AccountEvent
from app.services.operations.audit import SYSTEM, AuditLog

REASON = "never_confirmed"


class UnconfirmedUsers:
    """Deletion of unconfirmed users.

    `deleted_after` is how long users have to confirm a second factor; zero keeps them forever.
    """

    def __init__(
        self,
        *,
        unconfirmed_user_repository: UnconfirmedUserRepository,
        audit: AuditLog,
        clock: Clock,
        deleted_after: timedelta,
    ) -> None:
        self._unconfirmed_user_repository = unconfirmed_user_repository
        self._audit = audit
        self._clock = clock
        self._deleted_after = deleted_after

    async def delete_due(self, *, before: datetime, limit: int) -> int:
        """Delete a batch of users, with an event each.

        Return how many need not be checked again. `before` is the present, less a margin for clocks
        that differ. The name of a deleted user can be registered again.
        """
        if not self._deleted_after:
            return 0
        user_ids = await self._unconfirmed_user_repository.list_due(
            before=before - self._deleted_after, limit=limit
        )
        if not user_ids:
            return 0
        events = {
            user_id: self._audit.event(
                AccountEvent.USER_DELETED, user_id=user_id, actor=SYSTEM, reason=REASON
            )
            for user_id in user_ids
        }
        return await self._unconfirmed_user_repository.settle(events, now=self._clock.now())
