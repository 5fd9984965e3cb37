"""The schema revisions that this release knows, and the newer ones it may run on."""

import re
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, text

MIGRATIONS = Path(__file__).parents[2] / "migrations"
RECORDED = "schema_revisions"

_DOWN_REVISION = re.compile(r"""^down_revision\b[^=\n]*= *(?:None|["'](\w+)["'])$""", re.MULTILINE)


@cache
def known_revisions() -> frozenset[str]:
    """Return the revisions of this release; each migration file is named after its revision."""
    return frozenset(path.stem for path in _migration_files(MIGRATIONS))


@cache
def newest_revision(migrations: Path = MIGRATIONS) -> str:
    """Return the revision that no other migration follows.

    The files are read as text, which is quicker than importing Alembic and all migrations. Raises
    `RuntimeError` if there is not exactly one such revision.
    """
    files = {path.stem: path for path in _migration_files(migrations)}
    newest = files.keys() - {_down_revision(path) for path in files.values()}
    if len(newest) != 1:
        raise RuntimeError(f"The migrations need exactly one newest revision: {sorted(newest)}")
    return newest.pop()


def _migration_files(migrations: Path) -> list[Path]:
    return list((migrations / "versions").glob("2*.py"))


def _down_revision(path: Path) -> str | None:
    """Return the revision that a migration follows, or None for the first one."""
    match = _DOWN_REVISION.search(path.read_text(encoding="utf-8"))
    if match is None:
        raise RuntimeError(f"{path.name} has no line `down_revision = …` with one revision or None")
    return match[1]


def may_serve_on(connection: Connection, revision: str) -> bool:
    """Return whether this release may run on a schema at a revision that it does not know.

    Each migration declares whether the previous release may keep serving. The newer release has
    stored that in the table of applied revisions; without the table the answer is False.
    """
    if not connection.dialect.has_table(connection, RECORDED):
        return False
    rows = connection.execute(text("SELECT revision, previous_may_serve FROM schema_revisions"))
    declared = {str(name): bool(may_serve) for name, may_serve in rows}
    newer = declared.keys() - known_revisions()
    return (
        newest_revision() in declared
        and revision in newer
        and all(declared[name] for name in newer)
    )
