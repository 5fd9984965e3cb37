"""The second chance of failed tests in continuous integration."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.second_chance import MOST

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[2]
STABLE = "def test_stable(): pass\n"
BROKEN = "def test_broken(): assert False\n"
UNSTABLE = """
def test_unstable():
    import pathlib
    runs = pathlib.Path(__file__).with_name("runs")
    runs.touch()
    runs.write_text(runs.read_text() + "x")
    assert runs.read_text() == "xx"
"""


def run(directory: Path, source: str) -> tuple[int, list[str], str]:
    """Run tests as CI does; return the exit code, the lines about unstable tests, and the rest."""
    path = directory / "test_some.py"
    path.write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-n2", "--rootdir", directory, path]
    result = subprocess.run(
        [sys.executable, "-m", "tools.second_chance", *command],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in result.stdout.splitlines() if line.startswith("unstable")]
    return result.returncode, lines, result.stdout


def test_a_test_that_passes_the_second_time_is_printed_as_unstable(tmp_path: Path) -> None:
    code, unstable, output = run(tmp_path, STABLE + UNSTABLE)

    assert (code, unstable) == (0, ["unstable: test_some.py::test_unstable"])
    assert "1 deselected" in output or "\n1 passed" in output  # the stable test did not run again
    assert (tmp_path / "runs").read_text() == "xx"


def test_a_test_that_fails_twice_fails_the_run(tmp_path: Path) -> None:
    code, unstable, _ = run(tmp_path, BROKEN + UNSTABLE)

    assert (code, unstable) == (1, ["unstable: test_some.py::test_unstable"])


def test_tests_that_pass_run_once(tmp_path: Path) -> None:
    code, unstable, output = run(tmp_path, STABLE)

    assert (code, unstable) == (0, [])
    assert "once more" not in output


def test_no_test_runs_again_if_many_failed(tmp_path: Path) -> None:
    broken = "".join(BROKEN.replace("broken", f"broken_{number}") for number in range(MOST))

    code, unstable, output = run(tmp_path, broken + UNSTABLE)

    assert (code, unstable) == (1, [])
    assert "once more" not in output


def test_no_test_runs_again_after_an_error_of_collection(tmp_path: Path) -> None:
    code, unstable, output = run(tmp_path, "import a_module_that_does_not_exist\n" + UNSTABLE)

    assert code != 0
    assert unstable == []
    assert "once more" not in output


def test_a_test_that_is_not_found_the_second_time_fails_the_run(tmp_path: Path) -> None:
    renamed = """
import pathlib, pytest
runs = pathlib.Path(__file__).with_name("collections")
runs.touch()
runs.write_text(runs.read_text() + "x")

@pytest.mark.parametrize("number", [len(runs.read_text()) > 3])
def test_renamed(number):
    assert number
"""

    code, unstable, output = run(tmp_path, renamed + UNSTABLE)

    assert "once more" in output
    assert (code, unstable) == (1, ["unstable: test_some.py::test_unstable"])
