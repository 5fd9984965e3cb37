"""The table from which an older release learns that it may serve on a newer schema."""

from alembic.script import ScriptDirectory

from app.database import migrations
from app.database.alembic_runs import alembic_config
from app.database.backends import Backend
from app.database.revisions import newest_revision
from tests.migrations.conftest import downgrade, rows_of, tables_of

ROWS = "SELECT revision, previous_may_serve FROM schema_revisions"
FIRST = "2026_11_29_schema_revisions"


def declarations() -> dict[str, bool]:
    scripts = ScriptDirectory.from_config(alembic_config())
    return {
        script.revision: script.module.previous_release_may_serve
        for script in scripts.walk_revisions()
    }


async def test_each_applied_revision_has_a_row_with_its_declaration(backend: Backend) -> None:
    await migrations.migrate(backend)

    rows = await rows_of(backend, ROWS)

    assert {name: bool(value) for name, value in rows} == declarations()


async def test_revisions_applied_before_the_table_existed_are_recorded(
    backend: Backend,
) -> None:
    await migrations.migrate(backend, "2026_11_28_pairwise")
    await migrations.migrate(backend, FIRST)

    recorded = {name for name, _ in await rows_of(backend, ROWS)}

    older = {name for name in declarations() if name < "2026_11_29"}
    assert recorded == older | {FIRST}


async def test_a_downgrade_removes_the_rows_of_the_revisions_it_undoes(backend: Backend) -> None:
    await migrations.migrate(backend)

    await downgrade(backend, FIRST)

    if newest_revision() != FIRST:
        assert newest_revision() not in {name for name, _ in await rows_of(backend, ROWS)}
    await downgrade(backend, "2026_11_28_pairwise")
    assert "schema_revisions" not in await tables_of(backend)


def test_every_migration_declares_whether_the_previous_release_can_serve() -> None:
    assert all(type(value) is bool for value in declarations().values())
