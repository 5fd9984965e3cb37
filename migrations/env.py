"""Alembic's environment: runs on the connection that `app.database.alembic_runs` passes.

`alembic` on the command line (to write a new revision) connects by DATABASE_URL itself.
"""

import asyncio
import pkgutil
import re
from datetime import UTC, date, datetime
from importlib import import_module
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrationScript
from sqlalchemy import Connection

import app.models
from app.database.types import Instant
from app.models.tables import ONLY_ON, metadata
from app.settings import load_settings
from app.wiring import make_backend
from migrations.revisions import record_revision

# each module puts its tables into the metadata
for module in pkgutil.walk_packages(app.models.__path__, "app.models."):
    import_module(module.name)


def render_item(kind: str, item: Any, autogenerate: AutogenContext) -> str | Literal[False]:
    """Lets a generated migration name our own types, and import them."""
    if kind == "type" and isinstance(item, Instant):
        autogenerate.imports.add("from app.database.types import Instant")
        return "Instant()"
    return False


def name_by_date(_: Any, __: Any, scripts: list[MigrationScript]) -> None:
    """A revision's identifier is its file's name: the date, and the message as a slug."""
    for script in scripts:
        slug = "_".join(re.findall(r"\w+", (script.message or "change").lower()))
        script.rev_id = f"{date.today():%Y_%m_%d}_{slug}"  # noqa: DTZ011 - the author's own day


def compare_server_default(
    _: Any, __: Any, column: Any, in_database: str | None, *___: Any
) -> bool | None:
    """Ignore a default that is random: it is for servers of a release that knows no such column."""
    if in_database and ("gen_random_uuid" in in_database or "randomblob" in in_database):
        return False
    return None


def run(connection: Connection) -> None:
    """Run inside the transaction of the connection, or, `in_steps`, each revision in its own."""
    dialect = connection.dialect.name

    def is_of_this_database(item: Any, *_: Any) -> bool:
        return bool(item.info.get(ONLY_ON, dialect) == dialect)

    context.configure(
        connection=connection,
        include_object=is_of_this_database,
        target_metadata=metadata,
        transactional_ddl=True,
        transaction_per_migration=context.config.attributes["in_steps"],
        render_as_batch=dialect == "sqlite",
        compare_server_default=compare_server_default,
        render_item=render_item,
        process_revision_directives=name_by_date,
        on_version_apply=record_revision,
    )
    with context.begin_transaction():
        context.run_migrations()


async def run_from_command_line() -> None:
    backend = make_backend(load_settings(unset_environment="development"))
    async with backend.engines.writer.begin() as connection:
        await connection.run_sync(run)
    await backend.close()


context.config.attributes.setdefault("now", datetime.now(UTC))
context.config.attributes.setdefault("in_steps", False)
handed_over: Connection | None = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    asyncio.run(run_from_command_line())
