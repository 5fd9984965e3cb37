"""`postern`, `python -m app.cli` and `python -m postern_server` are the same command."""

import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__
from tests.cli.processes import environment
from tests.support.machine import scaled

ROOT = Path(__file__).parents[2]
ENTRY_POINTS = {
    "console script": (str(Path(sys.executable).parent / "postern"),),
    "module": (sys.executable, "-m", "app.cli"),
    "launcher": (sys.executable, "-m", "postern_server"),
}
pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("entry_point", ENTRY_POINTS),
]


def run(entry_point: str, directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ENTRY_POINTS[entry_point], *arguments],
        cwd=directory,
        env=environment(directory, {"PYTHONPATH": f"{ROOT}:{ROOT / 'launcher'}"}),
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )


def test_the_version_is_printed(entry_point: str, tmp_path: Path) -> None:
    result = run(entry_point, tmp_path, "--version")

    assert (result.returncode, result.stdout) == (0, f"postern {__version__}\n")


@pytest.mark.parametrize("words", ["", "users nonsense", "serve --port soon"])
def test_a_mistake_in_usage_has_exit_code_2(entry_point: str, tmp_path: Path, words: str) -> None:
    result = run(entry_point, tmp_path, *words.split())

    assert (result.returncode, result.stdout) == (2, "")
    assert "usage: postern" in result.stderr.lower()
    assert "Traceback" not in result.stderr


def test_a_missing_database_has_exit_code_2(entry_point: str, tmp_path: Path) -> None:
    result = run(entry_point, tmp_path, "users", "list")

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("postern: DATABASE_URL: no database at ")


def test_a_command_has_exit_code_0_and_a_refused_one_exit_code_1(
    entry_point: str, tmp_path: Path
) -> None:
    migrated = run(entry_point, tmp_path, "migrate")
    refused = run(entry_point, tmp_path, "users", "show", "nobody")

    assert migrated.returncode == 0
    assert migrated.stdout.startswith("Migrated from an empty database to ")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == "postern: There is no user with that name.\n"
