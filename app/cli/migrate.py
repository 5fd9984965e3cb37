"""`postern migrate`: migrate the database to the schema of this release."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from app.cli.base import command_settings
from app.cli.parameters import argument, flag
from app.cli.parsing import Commands
from app.clock import Clock
from app.observability.logging import configure_logging
from app.settings import Settings

if TYPE_CHECKING:
    from app.database.losses import Loss

cli = Commands()


@cli.command("migrate")
def migrate(
    revision: Annotated[str, argument(help="Target revision: head, -1, or base.")] = "head",
    *,
    deletes_data: Annotated[
        bool,
        flag(
            "--yes-delete-data",
            help="Downgrade even if this deletes data; without this option, only list the"
            " affected tables.",
        ),
    ] = False,
) -> None:
    """Migrate the database to the schema of this release."""
    # the schema needs no secret, so a platform can migrate before all settings are set
    settings = _settings()
    configure_logging(log_format="text", level="ERROR")
    before, after, losses = asyncio.run(_migrate(settings, revision, deletes_data=deletes_data))
    for loss in losses:
        print(f"Deleted {loss}.")
    if before == after:
        print(f"The database is up to date, at {after}.")
    else:
        print(f"Migrated from {before or 'an empty database'} to {after or 'an empty database'}.")


def _settings() -> Settings:
    """Return the settings, without requiring those of a production server."""
    return command_settings(app_env="development", secret_key="not used by migrations")


async def _migrate(
    settings: Settings, revision: str, *, deletes_data: bool
) -> tuple[str | None, str | None, Sequence["Loss"]]:
    from app.database import migrations  # imported late: the settings are checked first
    from app.wiring import make_backend

    backend = make_backend(settings)
    losses: Sequence[Loss] = ()
    try:
        before = await migrations.revision_at_start(backend)
        if migrations.is_downgrade(revision):
            losses = await migrations.downgrade(
                backend, revision, now=Clock().now(), deletes_data=deletes_data
            )
        else:
            await migrations.migrate(backend, revision)
        return before, await migrations.current_revision(backend), losses
    finally:
        await backend.close()
