"""Refused writes to a table, such as that of audit events, and the contents of all tables."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import select, text

from app.models.tables import metadata
from tests.support.application import Application
from tests.support.parts import services_of

COUNTED = frozenset({"limit_counters", "known_addresses", "refusals", "activity_counts"})
"""Tables in which requests are counted whatever their outcome."""

POSTGRESQL = (
    (
        "CREATE FUNCTION refuse_writes() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '53100'; END $$"
    ),
    (
        "CREATE TRIGGER refuse_writes BEFORE {change} ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION refuse_writes()"
    ),
)
SQLITE = (
    (
        "CREATE TRIGGER refuse_writes BEFORE {change} ON {table}"
        " BEGIN SELECT RAISE(ABORT, 'refused'); END"
    ),
)
ACCEPT = {
    "postgresql": ("DROP TRIGGER refuse_writes ON {table}", "DROP FUNCTION refuse_writes()"),
    "sqlite": ("DROP TRIGGER refuse_writes",),
}


@asynccontextmanager
async def writes_refused(
    app: Application, table: str, change: str = "INSERT"
) -> AsyncIterator[None]:
    """Refuse to write rows of a table, as if its disk were full."""
    database = services_of(app).core.database

    async def run(statements: tuple[str, ...]) -> None:
        async with database.transaction() as connection:
            for statement in statements:
                await connection.execute(text(statement.format(table=table, change=change)))

    await run(POSTGRESQL if database.backend.name == "postgresql" else SQLITE)
    try:
        yield
    finally:
        await run(ACCEPT[database.backend.name])


def events_refused(app: Application) -> AbstractAsyncContextManager[None]:
    """Refuse to write audit events."""
    return writes_refused(app, "audit_outbox")


async def content_of(app: Application) -> dict[str, list[str]]:
    """Return the rows of every table except those of `COUNTED` and the audit log."""
    await services_of(app).core.audit.sequencer.run()
    database = services_of(app).core.database
    content: dict[str, list[str]] = {}
    for name, table in metadata.tables.items():
        if name not in COUNTED and not name.startswith("audit_"):
            rows: Any = await database.fetch_all(select(table))
            content[name] = sorted(map(repr, rows))
    return content
