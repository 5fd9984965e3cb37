"""Checkpoints of the audit log, and the removal of the archived events before them."""

from sqlalchemy import delete, func, select

from app.database.database import Database
from app.models.operations.audit_checkpoints import AuditCheckpoint, audit_checkpoints
from app.models.operations.audit_events import audit_events
from app.models.operations.audit_outbox import NewEvent
from app.repositories.inserts import upsert, values_in
from app.repositories.operations.audit_outbox import write_events

checkpoint, event = audit_checkpoints.c, audit_events.c


class AuditCheckpointRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_newest(self) -> AuditCheckpoint | None:
        return await self._database.find_one(
            select(audit_checkpoints).order_by(checkpoint.checkpoint_id.desc()).limit(1),
            value=AuditCheckpoint,
        )

    async def add(self, made: AuditCheckpoint, event: NewEvent) -> None:
        """Store a checkpoint and write its event; do nothing if the checkpoint already exists."""
        async with self._database.transaction() as connection:
            added = await connection.execute(
                upsert(self._database, audit_checkpoints)
                .values(values_in(audit_checkpoints, made))
                .on_conflict_do_nothing()
                .returning(checkpoint.checkpoint_id)
            )
            if added.first() is not None:
                await write_events(connection, event)

    async def delete_archived(self, *, limit: int) -> int:
        """Delete at most `limit` events up to the newest checkpoint, and return how many.

        The database refuses to delete any other event.
        """
        end = select(func.max(checkpoint.sequence)).scalar_subquery()
        sequences = (
            select(event.sequence)
            .where(event.sequence <= end)
            .order_by(event.sequence)
            .limit(limit)
        )
        async with self._database.transaction() as connection:
            result = await connection.execute(
                delete(audit_events).where(event.sequence.in_(sequences))
            )
        return result.rowcount
