"""The table of applied revisions, kept in step with each migration."""

from typing import Any

from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script
from sqlalchemy import delete, insert, select

from app.models.operations.schema_revisions import schema_revisions

REVISION = schema_revisions.c.revision


def record_revision(ctx: MigrationContext, step: MigrationInfo, *_: Any, **__: Any) -> None:
    """Record or remove a revision in the transaction of its migration (`on_version_apply`).

    The first one that is recorded brings those below it along: they were applied before the table
    existed.
    """
    connection = ctx.connection
    if connection is None or not connection.dialect.has_table(connection, schema_revisions.name):
        return
    if not step.is_upgrade:
        connection.execute(delete(schema_revisions).where(REVISION.in_(step.up_revision_ids)))
        return
    recorded = set(connection.scalars(select(REVISION)))
    rows = [
        {
            "revision": script.revision,
            "previous_may_serve": script.module.previous_release_may_serve,
        }
        for script in step.revision_map.iterate_revisions(step.up_revision_ids, "base")
        if isinstance(script, Script) and script.revision not in recorded
    ]
    if rows:
        connection.execute(insert(schema_revisions), rows)
