"""The schema revisions that this release knows, and the newer ones it may run on."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, text

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
RECORDED = "schema_revisions"


@cache
def known_revisions() -> frozenset[str]:
    """Return the revisions of this release; each migration file is named after its revision."""
    return frozenset(path.stem for path in VERSIONS.glob("2*.py"))


def may_serve_on(connection: Connection, revision: str, *, head: str) -> bool:
    """Return whether this release may run on a schema at a revision that it does not know.

    Each migration declares whether the previous release may keep serving. The newer release has
    stored that in the table of applied revisions; without the table the answer is False.
    """
    if not connection.dialect.has_table(connection, RECORDED):
        return False
    rows = connection.execute(text("SELECT revision, previous_may_serve FROM schema_revisions"))
    declared = {str(name): bool(may_serve) for name, may_serve in rows}
    newer = declared.keys() - known_revisions()
    return head in declared and revision in newer and all(declared[name] for name in newer)
