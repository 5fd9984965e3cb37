"""Run Alembic on a connection: upgrade or downgrade the schema, and read its revision."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from app.database.losses import Loss, losses_of
from app.database.revisions import MIGRATIONS
from app.startup_errors import StartupError

if TYPE_CHECKING:
    from alembic.config import Config


def unknown_revision_message(revision: str) -> str:
    """Return why this release cannot use a schema at a revision that it does not know."""
    return (
        f"The database is at revision {revision}, which is unknown to this release:"
        " it is from a newer release. Install that release"
    )


def alembic_config() -> "Config":
    """Return Alembic's configuration for the migrations of this installation."""
    from alembic.config import Config

    config = Config(stdout=sys.stdout)  # the default is the stream of the moment of the import
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    return config


def read_revision(connection: Connection) -> str | None:
    """Return the revision of the schema, or None if there is no schema yet."""
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return str(revision) if revision is not None else None


def upgrade(connection: Connection, revision: str, *, in_steps: bool = False) -> None:
    """Upgrade the schema; with `in_steps`, each revision commits by itself."""
    from alembic import command

    config = alembic_config()
    config.attributes["in_steps"] = in_steps
    _run_alembic(connection, command.upgrade, config, revision)


def downgrade_schema(
    connection: Connection, revision: str, *, now: datetime, deletes_data: bool
) -> Sequence[Loss]:
    """Downgrade the schema and return what was deleted.

    Raises `StartupError` before anything is changed, if data would be deleted and `deletes_data`
    is false.
    """
    from alembic import command

    config = alembic_config()
    config.attributes["now"] = now

    def run() -> None:
        _run_alembic(connection, command.downgrade, config, revision)

    losses = losses_of(connection, run, moves_back=_moves_back(config))
    if losses and not deletes_data:
        raise StartupError(
            f"A downgrade to {revision} would delete:",
            *(f"  {loss}" for loss in losses),
            (
                "Nothing was changed. Make a backup, then run the command again with "
                "--yes-delete-data"
            ),
        )
    run()
    return losses


def _moves_back(config: "Config") -> dict[str, str]:
    """Return the tables whose rows a downgrade moves, with their targets, as migrations declare."""
    from alembic.script import ScriptDirectory

    moves: dict[str, str] = {}
    for script in ScriptDirectory.from_config(config).walk_revisions():
        moves |= getattr(script.module, "moves_back", {})
    return moves


def _run_alembic(
    connection: Connection, run: Callable[["Config", str], None], config: "Config", revision: str
) -> None:
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config.attributes["connection"] = connection
    current = read_revision(connection)
    if config.attributes.get("in_steps"):
        connection.rollback()  # Alembic manages the transactions
    scripts = ScriptDirectory.from_config(config)
    try:
        known = {script.revision for script in scripts.walk_revisions()}
        if current is not None and current not in known:
            raise StartupError(unknown_revision_message(current))
        run(config, revision)
    except CommandError as error:
        raise StartupError(f"The database cannot be migrated: {error}") from error
    if connection.dialect.name == "sqlite":
        row = connection.execute(text("PRAGMA foreign_key_check")).first()
        if row is not None:
            raise StartupError(
                f"The migration would leave rows without their parent row in the table {row[0]}"
            )
