"""A running server under load, for most of the procedures."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.procedures.ledger import Entry
from tests.procedures.load import Load, Record, add_to
from tests.procedures.losses import Check
from tests.procedures.servers import Place
from tests.support.application import Application, TestClient
from tests.support.parts import sqlite_integrity
from tests.support.server import Server, application_of


@dataclass(frozen=True, slots=True)
class Scene:
    server: Server
    app: Application
    load: Load


@asynccontextmanager
async def under_load(
    place: Place, entry: Entry, url: str, *, read_by: str | None = None, **variables: str
) -> AsyncIterator[Scene]:
    """Run a server under load for the block, then record the responses and the losses.

    `read_by` is the database URL for the final check, if the server's own URL goes through
    something that the procedure broke.
    """
    async with place.postern(url, **variables) as server, application_of(server) as app:
        client, user = await app.create_client(), await app.enrolled_user()
        load = Load(app, client)
        await load.start(user)
        try:
            await load.has_more_of_each()
            yield Scene(server, app, load)
            await load.has_more_of_each()
        except BaseException:
            load.abandon()
            sys.stderr.write(server.log())
            raise
        await load.stop()
        enter_errors(entry, server)
        add_to(entry, load.record, counts_cuts=entry.cut is not None)
    await enter_losses(place, entry, read_by or url, client, load.record)


def enter_errors(entry: Entry, server: Server) -> None:
    """Fail if the server logged tracebacks, and print its log."""
    log = server.log()
    if count := log.count("Traceback (most recent call last)"):
        entry.failures.append(f"{count} tracebacks in the log")
        sys.stderr.write(log)


async def enter_losses(
    place: Place, entry: Entry, url: str, client: TestClient, record: Record
) -> None:
    """Check for losses with a new server on the database, which has nothing cached."""
    async with place.postern(url) as server, application_of(server) as app:
        entry.lose(await Check(app, client).losses(record))
    if url.startswith("sqlite") and sqlite_integrity(url) != "ok":
        entry.failures.append("the database is damaged")
