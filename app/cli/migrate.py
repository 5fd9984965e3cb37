"""`postern migrate`: brings the database to the schema of this release."""

import argparse
import asyncio

from app.cli.base import Command, command_settings
from app.database import migrations
from app.observability.logging import configure_logging
from app.settings import Settings
from app.wiring import make_backend


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "revision", nargs="?", default="head", help="where to go: head (the default), -1, or base"
    )


def _run(arguments: argparse.Namespace) -> int:
    # the schema needs no secret: a platform may migrate before the server's settings are complete
    settings = _settings()
    configure_logging(log_format="text", level="ERROR")
    before, after = asyncio.run(_migrate(settings, arguments.revision))
    if before == after:
        print(f"The database is up to date, at {after}.")
    else:
        print(f"Migrated from {before or 'an empty database'} to {after or 'an empty database'}.")
    return 0


def _settings() -> Settings:
    """The settings, with those of a production server not required."""
    return command_settings(app_env="development", secret_key="not used by migrations")


async def _migrate(settings: Settings, revision: str) -> tuple[str | None, str | None]:
    backend = make_backend(settings)
    try:
        before = await migrations.revision_at_start(backend)
        await migrations.migrate(backend, revision)
        return before, await migrations.current_revision(backend)
    finally:
        await backend.close()


COMMAND = Command(
    "migrate", "Bring the database to the schema of this release.", _add_arguments, _run
)
