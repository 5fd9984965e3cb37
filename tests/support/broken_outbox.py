"""A database that refuses to write to a table, as to that of audit events, and what it holds."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from sqlalchemy import select, text

from app.models.tables import metadata
from tests.support.application import Application
from tests.support.parts import services_of

OF_LIMITS = frozenset({"limit_counters", "known_addresses"})
"""An attempt is counted whatever becomes of it."""

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
    """No row of a table can be written, as where its disk is full."""
    database = services_of(app).database

    async def run(statements: tuple[str, ...]) -> None:
        async with database.transaction() as connection:
            for each in statements:
                await connection.execute(text(each.format(table=table, change=change)))

    await run(POSTGRESQL if database.backend.name == "postgresql" else SQLITE)
    try:
        yield
    finally:
        await run(ACCEPT[database.backend.name])


def events_refused(app: Application) -> AbstractAsyncContextManager[None]:
    """No event can be written."""
    return writes_refused(app, "audit_outbox")


async def content_of(app: Application) -> dict[str, list[str]]:
    """The rows of every table, but those of limits and of the audit log."""
    await services_of(app).audit.sequencer.run()
    database = services_of(app).database
    content: dict[str, list[str]] = {}
    for name, table in metadata.tables.items():
        if name not in OF_LIMITS and not name.startswith("audit_"):
            rows: Any = await database.fetch_all(select(table))
            content[name] = sorted(map(repr, rows))
    return content
