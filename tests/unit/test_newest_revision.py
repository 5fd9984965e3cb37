"""The newest revision is derived from the files of the migrations."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from app.database.alembic_runs import alembic_config
from app.database.revisions import newest_revision


def test_there_is_exactly_one_newest_revision_and_alembic_agrees() -> None:
    scripts = ScriptDirectory.from_config(alembic_config())

    assert scripts.get_heads() == [newest_revision()]


@pytest.mark.parametrize("quote", ["'", '"'])
def test_the_order_comes_from_the_revisions_and_not_from_the_names(
    tmp_path: Path, quote: str
) -> None:
    """Alembic writes single quotes, the formatter double ones."""
    write_migration(tmp_path, "2026_01_01_b", "None")
    write_migration(tmp_path, "2026_01_01_c", f"{quote}2026_01_01_b{quote}")
    write_migration(tmp_path, "2026_01_01_a", f"{quote}2026_01_01_c{quote}")

    assert newest_revision(tmp_path) == "2026_01_01_a"


def test_two_revisions_that_follow_the_same_one_are_an_error(tmp_path: Path) -> None:
    write_migration(tmp_path, "2026_01_01_a", "None")
    write_migration(tmp_path, "2026_01_02_b", '"2026_01_01_a"')
    write_migration(tmp_path, "2026_01_02_c", '"2026_01_01_a"')

    with pytest.raises(RuntimeError, match=r"2026_01_02_b.*2026_01_02_c"):
        newest_revision(tmp_path)


@pytest.mark.parametrize("declared", ['("2026_01_01_a", "2026_01_01_b")', "PREVIOUS"])
def test_a_revision_that_cannot_be_read_is_an_error_that_names_the_file(
    tmp_path: Path, declared: str
) -> None:
    write_migration(tmp_path, "2026_01_02_c", declared)

    with pytest.raises(RuntimeError, match=r"2026_01_02_c\.py"):
        newest_revision(tmp_path)


def write_migration(migrations: Path, revision: str, down_revision: str) -> None:
    versions = migrations / "versions"
    versions.mkdir(exist_ok=True)
    (versions / f"{revision}.py").write_text(
        f'revision: str = "{revision}"\ndown_revision: str | None = {down_revision}\n'
    )
