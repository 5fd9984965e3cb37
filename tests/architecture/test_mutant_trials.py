"""Trials of mutants on a small tree, whose tests run in processes of their own."""

import sysconfig
from pathlib import Path

import pytest

from tests.support.machine import scaled
from tools.mutants.selection import candidates_in
from tools.mutants.trees import Tree, with_interpreter
from tools.mutants.trials import Outcome, Trials

pytestmark = pytest.mark.slow

MODULE = "app/oauth/limit.py"
SOURCE = """
def is_allowed(count: int) -> bool:
    return count < 3


def wait(count: int) -> int:
    while count > 0:
        count = count - 1
    return count
"""
TESTS = """
import subprocess, sys

from app.oauth.limit import is_allowed, wait


def test_low():
    assert is_allowed(1)


def test_high():
    assert not is_allowed(3)


def test_wait():
    assert wait(2) == 0


def test_command():
    code = "from app.oauth.limit import is_allowed; assert not is_allowed(3)"
    subprocess.run([sys.executable, "-c", code], cwd="/", env={}, check=True)
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    root = tmp_path_factory.mktemp("tree")
    for package in ("app", "app/oauth", "tests"):
        (root / package).mkdir()
        (root / package / "__init__.py").touch()
    (root / MODULE).write_text(SOURCE)
    (root / "tests" / "test_limit.py").write_text(TESTS)
    return with_interpreter(root, Path(sysconfig.get_path("purelib")))


@pytest.fixture
def trials(tree: Tree, tmp_path: Path) -> Trials:
    return Trials(tree, tmp_path, "postgresql://not-used", patience=round(scaled(5)))


@pytest.mark.parametrize(
    ("operator", "tests", "outcome"),
    [
        ("< to <=", ["low"], Outcome("survived", 1)),
        ("< to <=", ["high", "low"], Outcome("killed", 2, "tests/test_limit.py::test_high")),
        ("< to <=", ["command"], Outcome("killed", 1, "tests/test_limit.py::test_command")),
        ("< to <=", [], Outcome("no test", 0)),
        ("- to +", ["wait"], Outcome("timeout", 1)),
    ],
    ids=["survived", "killed", "killed in a process", "no test", "timeout"],
)
def test_a_trial_runs_the_tests_on_the_mutant_and_restores_the_module(
    trials: Trials, tree: Tree, operator: str, tests: list[str], outcome: Outcome
) -> None:
    mutants = candidates_in(tree.root).values()
    (mutant,) = [each for each in mutants if each.change.operator == operator]

    result = trials.try_out(mutant, [f"tests/test_limit.py::test_{name}" for name in tests])

    assert result == outcome
    assert (tree.root / MODULE).read_text() == SOURCE


def test_tests_that_fail_without_a_mutant_are_reported(trials: Trials) -> None:
    with pytest.raises(RuntimeError, match="fail without a mutant"):
        trials.check(["tests/test_limit.py::test_missing"])
