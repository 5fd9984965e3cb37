"""The mutation tests: what they change, which mutants they choose, and what they report."""

from pathlib import Path

import pytest

from tools.mutants.covering import failed_in
from tools.mutants.mutations import Mutant, mutants_of
from tools.mutants.report import diff_of, lines_of
from tools.mutants.selection import Candidates, candidates_in, choose
from tools.mutants.trials import Outcome

LIMIT = """\
LIMIT = 3


def is_allowed(count: int) -> bool:
    return count < LIMIT


def wait(count: int) -> int:
    while count > 0:
        count = count - 1
    return count
"""


def changed(source: str) -> set[str]:
    """Return the bodies that the mutants give to a function with this body."""
    lines = "\n".join(f"    {line}" for line in source.splitlines())
    content = f"def f():\n{lines}\n".encode()
    texts = [mutant.change.apply_to(content).decode() for mutant in mutants_of("f.py", content)]
    return {"\n".join(line[4:] for line in text.splitlines()[1:]) for text in texts}


def tree_with(directory: Path, source: str, name: str = "app/oauth/limit.py") -> Candidates:
    path = directory / name
    path.parent.mkdir(parents=True)
    path.write_text(source)
    return candidates_in(directory)


def only(candidates: Candidates, operator: str) -> Mutant:
    (mutant,) = [each for each in candidates.values() if each.change.operator == operator]
    return mutant


@pytest.mark.parametrize(
    ("source", "mutated"),
    [
        ("a = b == c", "a = b != c"),
        ("a = (b) <= (c)", "a = (b) < (c)"),
        ("a = b is not None", "a = b is None"),
        ("a = b not in c", "a = b in c"),
        ("a = é and b", "a = é or b"),
        ("a = b - c", "a = b + c"),
        ("a = b | c", "a = b & c"),
        ("a = not (b or c)", "a = (b or c)"),
        ("a = b if c else d", "a = b if (not (c)) else d"),
        ("a = f(b=True)", "a = f(b=False)"),
        ("a = 5", "a = 6"),
        ("if a:\n    b = c", "if (not (a)):\n    b = c"),
        ("raise A", "pass"),
        ("await a(b)", "pass"),
        ("return a.b", "return None"),
        ("a = select(b).where(c.d, e.f)", "a = select(b).where(*(), e.f)"),
    ],
)
def test_a_mutant_changes_one_thing(source: str, mutated: str) -> None:
    assert mutated in changed(source)


@pytest.mark.parametrize(
    "source",
    [
        '"""Return 5 if a == b."""',
        'log.warning("%s failed", 5 if a == b else True)',
        "a: Literal[True]",
        'a = f"{b == c}"',
        'a = "b == c"',
    ],
)
def test_text_log_lines_and_annotations_stay(source: str) -> None:
    assert changed(source) == set()


def test_code_that_runs_at_import_stays() -> None:
    source = b"A = 5\n\n\nclass B:\n    c = 5\n\n    @d(5)\n    def e(self, f=5):\n        pass\n"

    assert mutants_of("a.py", source) == []


def test_a_mutant_has_the_same_key_where_its_code_was_moved_and_renamed(tmp_path: Path) -> None:
    source = LIMIT.replace("LIMIT", "self.tools.limit")
    renamed = source.replace("count", "number").replace("self.tools.limit", "self._limit")

    before = tree_with(tmp_path / "before", source)
    after = tree_with(tmp_path / "after", renamed, "app/services/accounts/limits.py")

    assert set(before) == set(after)
    assert only(before, "< to <=").path != only(after, "< to <=").path


def test_equal_mutants_of_different_functions_are_not_chosen(tmp_path: Path) -> None:
    function = "def f(self):\n        return g(5)\n"

    assert tree_with(tmp_path, f"class A:\n    {function}\n\nclass B:\n    {function}") == {}


def test_a_seed_chooses_the_same_mutants_after_a_change_elsewhere(tmp_path: Path) -> None:
    functions = [f"def f{number}(a):\n    return a == {number}\n" for number in range(20)]
    before = tree_with(tmp_path / "before", "\n\n".join(functions[:-1]))
    after = tree_with(tmp_path / "after", "\n\n".join(functions))

    def chosen(name: str, candidates: Candidates, seed: int) -> list[str]:
        mutants = choose(tmp_path / name, candidates.values(), seed=seed, count=5)
        return [mutant.key for mutant in mutants]

    first = chosen("before", before, seed=1)
    assert len({key.partition("\n")[0] for key in first}) == 5
    assert chosen("after", {key: after[key] for key in before}, seed=1) == first
    assert chosen("before", before, seed=2) != first


def test_failed_tests_are_read_from_the_summary() -> None:
    output = """\
..F.E
=========================== short test summary info ============================
FAILED tests/a/test_b.py::test_c[sqlite-d e] - AssertionError: assert 1 == 2
ERROR tests/a/test_b.py::TestF::test_g - fixture 'h' not found
ERROR tests/a/test_i.py - ImportError: j
1 failed, 2 errors in 0.12s
"""

    assert failed_in(output) == [
        "tests/a/test_b.py::test_c[sqlite-d e]",
        "tests/a/test_b.py::TestF::test_g",
        "tests/a/test_i.py",
    ]


def test_the_report_shows_the_mutants_that_survived(tmp_path: Path) -> None:
    mutant = only(tree_with(tmp_path, LIMIT), "< to <=")
    outcomes = {
        "before": [Outcome("killed", 3, "tests/test_a.py::test_b")],
        "HEAD": [Outcome("survived", 2)],
    }

    report = "\n".join(lines_of(tmp_path, [mutant], outcomes))

    assert "| < to <= | 3 | killed | 2 | survived |" in report
    assert "before: 1 of 1 killed (0 of them by a time-out), 0 survived" in report
    assert "-    return count < LIMIT\n+    return count <= LIMIT\n" in diff_of(tmp_path, mutant)
    assert diff_of(tmp_path, mutant) in report
