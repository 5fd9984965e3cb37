"""Alembic's environment: runs on the connection that `app.database.migrations` hands over.

`alembic` on the command line (to write a new revision) connects by DATABASE_URL itself.
"""

import asyncio

from alembic import context
from sqlalchemy import Connection

import app.models.access_tokens
import app.models.clients
import app.models.leases
import app.models.refresh_tokens
import app.models.token_families
import app.models.users  # noqa: F401 - each import puts a table into the metadata
from app.models.tables import metadata
from app.settings import load_settings
from app.wiring import make_backend


def run(connection: Connection) -> None:
    """Runs inside the transaction of the connection; the caller commits."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_server_default=True,
    )
    context.run_migrations()


async def run_from_command_line() -> None:
    backend = make_backend(load_settings(unset_environment="development"))
    async with backend.engines.writer.begin() as connection:
        await connection.run_sync(run)
    await backend.close()


handed_over: Connection | None = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    asyncio.run(run_from_command_line())
