"""A database that refuses every new audit event, and what its tables hold."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import select, text

from app.models.tables import metadata
from tests.support.application import Application
from tests.support.parts import services_of

OF_LIMITS = frozenset({"limit_counters", "known_addresses"})
"""An attempt is counted whatever becomes of it."""

FUNCTION = (
    "CREATE FUNCTION refuse_events() RETURNS trigger LANGUAGE plpgsql AS"
    " $$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '55P03'; END $$"
)
TRIGGER = "CREATE TRIGGER refuse_events BEFORE INSERT ON audit_outbox "
REFUSE = {
    "postgresql": (FUNCTION, f"{TRIGGER} FOR EACH ROW EXECUTE FUNCTION refuse_events()"),
    "sqlite": (f"{TRIGGER} BEGIN SELECT RAISE(ABORT, 'refused'); END",),
}
ACCEPT = {
    "postgresql": ("DROP TRIGGER refuse_events ON audit_outbox", "DROP FUNCTION refuse_events()"),
    "sqlite": ("DROP TRIGGER refuse_events",),
}


@asynccontextmanager
async def events_refused(app: Application) -> AsyncIterator[None]:
    """No event can be written, as where its table is locked or full."""
    database = services_of(app).database

    async def run(statements: tuple[str, ...]) -> None:
        async with database.transaction() as connection:
            for each in statements:
                await connection.execute(text(each))

    await run(REFUSE[database.backend.name])
    try:
        yield
    finally:
        await run(ACCEPT[database.backend.name])


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
