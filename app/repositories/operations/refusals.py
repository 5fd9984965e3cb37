"""Queries about refused requests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, func, select

from app.database.database import Database
from app.models.operations.activity import StoredRefusal, refusals

refusal = refusals.c
PARTS_OF_RULE = 5
PARTS_OF_NETWORK = 100
"""A fifth of the rows is for the refusals by one rule, and a hundredth for those by one rule for
one network, once there are too many rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRefusals:
    """Conditions on refusals; None matches every refusal. `until` is excluded.

    `rule` is the code of a rule, and `network` a network as it is stored.
    """

    client_id: str | None = None
    user_id: str | None = None
    network: str | None = None
    rule: str | None = None
    error: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        for name in ("client_id", "user_id", "network", "rule", "error"):
            value = getattr(self, name)
            if value is not None:
                yield refusal[name] == value
        if self.since is not None:
            yield refusal.at >= self.since
        if self.until is not None:
            yield refusal.at < self.until


EVERY_REFUSAL = WantedRefusals()


class RefusalRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, request_id: str) -> StoredRefusal | None:
        return await self._database.find_one(
            select(refusals).where(refusal.request_id == request_id), value=StoredRefusal
        )

    async def list_page(
        self, wanted: WantedRefusals = EVERY_REFUSAL, *, before: str = "", limit: int = 100
    ) -> Sequence[StoredRefusal]:
        """Return a page of refusals, newest first, beginning after the refusal `before`."""
        conditions = [*wanted.conditions()]
        if before:
            conditions.append(refusal.refusal_id < before)
        return await self._database.find_all(
            select(refusals).where(*conditions).order_by(refusal.refusal_id.desc()).limit(limit),
            value=StoredRefusal,
        )

    async def delete_surplus(self, *, kept: int, limit: int) -> int:
        """Delete at most `limit` of the refusals beyond `kept`, and return how many.

        Those beyond the share of one rule and network, and then of one rule, go first; then the
        oldest.
        """
        stored = await self._database.count(select(func.count()).select_from(refusals))
        excess = min(stored - kept, limit)
        if excess <= 0:
            return 0
        surplus = await self._database.fetch_all(_least_wanted(kept).limit(excess))
        refusal_ids = [row.refusal_id for row in surplus]
        await self._database.change(delete(refusals).where(refusal.refusal_id.in_(refusal_ids)))
        return len(refusal_ids)


def _least_wanted(kept: int) -> Select[Any]:
    newest_first = refusal.refusal_id.desc()
    ranked = select(
        refusal.refusal_id,
        func.row_number()
        .over(partition_by=(refusal.rule, refusal.network), order_by=newest_first)
        .label("in_network"),
        func.row_number().over(partition_by=refusal.rule, order_by=newest_first).label("in_rule"),
    ).subquery()
    priority = case(
        (ranked.c.in_network > max(1, kept // PARTS_OF_NETWORK), 0),
        (ranked.c.in_rule > max(1, kept // PARTS_OF_RULE), 1),
        else_=2,
    )
    return select(ranked.c.refusal_id).order_by(priority, ranked.c.refusal_id)
