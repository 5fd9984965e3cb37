"""Which revisions of the schema this release knows, and which newer ones it may serve on."""

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, text

VERSIONS = Path(__file__).parents[2] / "migrations" / "versions"
RECORDED = "schema_revisions"


@cache
def known_revisions() -> frozenset[str]:
    """Return the revisions of this release: a file of a migration is named after its own."""
    return frozenset(path.stem for path in VERSIONS.glob("2*.py"))


def may_serve_on(connection: Connection, revision: str, *, head: str) -> bool:
    """Whether a schema at a revision that this release does not know is good for it.

    Each migration declares whether the release before it may go on serving. The newer release has
    written that into the table of applied revisions; without the table, nobody has said so.
    """
    if not connection.dialect.has_table(connection, RECORDED):
        return False
    rows = connection.execute(text("SELECT revision, previous_may_serve FROM schema_revisions"))
    declared = {str(name): bool(may_serve) for name, may_serve in rows}
    newer = declared.keys() - known_revisions()
    return head in declared and revision in newer and all(declared[name] for name in newer)
