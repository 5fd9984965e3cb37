"""Refused requests and sums of what the server does, as administrators look them up."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from app.details import Detail
from app.errors import NotFoundError
from app.models.operations.activity import ActivityCount, StoredRefusal
from app.repositories.operations.activity import ActivityRepository
from app.repositories.operations.refusals import RefusalRepository, WantedRefusals
from app.services.operations.activity import ActivityKind
from app.services.operations.refusal_rules.base import RefusalRule
from app.services.operations.refusal_rules.catalogue import rule_with


class ExplainedRefusal(NamedTuple):
    """A refused request, the rule that refused it, and how to fix it."""

    refusal: StoredRefusal
    rule: RefusalRule

    @property
    def explanation(self) -> str:
        return self.rule.explanation

    @property
    def advice(self) -> str:
        return self.advice_in(str)

    def advice_in(self, translate: Callable[[str], str]) -> str:
        """Return the advice in the language of `translate`; it names the client."""
        return self.rule.advice_for(self.refusal.client_id, translate)


class RefusalService:
    """Stored refusals: about the last `kept` of all workers."""

    def __init__(self, refusal_repository: RefusalRepository, *, kept: int) -> None:
        self._refusal_repository = refusal_repository
        self._kept = kept

    async def get(self, request_id: str) -> ExplainedRefusal:
        """Return the refusal of a request; raise `NotFoundError` if none is stored."""
        refusal = await self._refusal_repository.find(request_id)
        if refusal is None:
            raise NotFoundError(Detail.REFUSAL_UNKNOWN)
        return explained(refusal)

    async def list_page(
        self,
        *,
        client_id: str | None = None,
        user_id: str | None = None,
        network: str | None = None,
        rule: str | None = None,
        error: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: str = "",
        limit: int = 100,
    ) -> Sequence[ExplainedRefusal]:
        """Return a page, newest first, beginning after the `refusal_id` `before`.

        `rule` is the code of a rule, and `network` a network as it is stored. `until` is excluded.
        """
        wanted = WantedRefusals(
            client_id=client_id,
            user_id=user_id,
            network=network,
            rule=rule,
            error=error,
            since=since,
            until=until,
        )
        page = await self._refusal_repository.list_page(wanted, before=before, limit=limit)
        return [explained(refusal) for refusal in page]

    async def delete_surplus(self, *, before: datetime, limit: int) -> int:
        """Delete refusals beyond those that are kept, for housekeeping."""
        return await self._refusal_repository.delete_surplus(kept=self._kept, limit=limit)


class ActivityService:
    """Sums of sign-ins, tokens and refusals by the hour, of the last 90 days."""

    def __init__(self, activity_repository: ActivityRepository) -> None:
        self._activity_repository = activity_repository
        self.delete_old = activity_repository.delete_old

    async def by_hour(
        self, kind: ActivityKind, *, since: datetime, keys: Sequence[str] | None = None
    ) -> Sequence[ActivityCount]:
        """Return the sums by hour and key, only of `keys` if given; hours without any are left
        out."""
        return await self._activity_repository.list_hours(kind, since=since, keys=keys)

    async def totals(self, kind: ActivityKind, *, since: datetime) -> Sequence[ActivityCount]:
        """Return the sums by hour, with an empty key; hours without any are left out."""
        return await self._activity_repository.list_totals(kind, since=since)

    async def top(
        self, kind: ActivityKind, *, since: datetime, limit: int = 10
    ) -> Sequence[ActivityCount]:
        """Return the keys with the highest sums, such as the clients with the most tokens."""
        return await self._activity_repository.list_top(kind, since=since, limit=limit)


def explained(refusal: StoredRefusal) -> ExplainedRefusal:
    """Return a refusal with its rule, and an advice that names its client."""
    return ExplainedRefusal(refusal, rule_with(refusal.rule))
