"""`make security-report`: runs the tests that name a row of the security bar, and prints each row
with its tests and their outcome.

Ends with 1 where a row that should be there has no test, or none that passes.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.security.outcomes import FILE_VARIABLE
from tests.security.rows import LATER, LATER_IN_PART, ROOT, ROWS, naming_tests, titles

PASSED, FAILED, MISSING, LATER_WORK = "passed", "FAILED", "MISSING", "later work"
Outcomes = Mapping[str, Counter[str]]


@dataclass(frozen=True)
class Line:
    """A row, what came of it, and the outcomes of its tests."""

    row: int
    title: str
    outcome: str
    tests: Outcomes

    @property
    def cases(self) -> int:
        return sum(counts[PASSED] for counts in self.tests.values())


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="name each test, not only its file")
    parser.add_argument("--row", type=int, action="append", help="only this row; may be repeated")
    given = parser.parse_args(arguments)
    rows = given.row or ROWS
    named = {row: tests for row, tests in naming_tests().items() if row in rows}
    lines = table(rows, named, run(sorted(set().union(*named.values()))))
    width = max(len(line.title) for line in lines)
    for line in lines:
        print_line(line, width=width, names_tests=given.tests)
    return print_summary(lines)


def run(tests: Sequence[str]) -> Outcomes:
    """Run tests, those that measure time alone and last; pytest's output goes to standard error."""
    if not tests:
        return {}
    return {**_run(tests, "-n", "2", "-m", "not timing"), **_run(tests, "-n", "0", "-m", "timing")}


def _run(tests: Sequence[str], *options: str) -> Outcomes:
    with tempfile.TemporaryDirectory() as directory:
        kept = Path(directory) / "outcomes.json"
        command = [sys.executable, "-m", "pytest", *options, "-p", "tests.security.outcomes"]
        subprocess.run(
            [*command, *tests],
            cwd=ROOT,
            env={**os.environ, FILE_VARIABLE: str(kept)},
            stdout=sys.stderr.fileno(),
            check=False,  # what failed is in the outcomes
        )
        found = json.loads(kept.read_text()) if kept.exists() else {}
    return {test: Counter(counts) for test, counts in found.items()}


def table(rows: Sequence[int], named: Mapping[int, set[str]], outcomes: Outcomes) -> list[Line]:
    known = titles()
    return [_line(row, known.get(row, "?"), sorted(named.get(row, ())), outcomes) for row in rows]


def _line(row: int, title: str, tests: Sequence[str], outcomes: Outcomes) -> Line:
    found = {test: outcomes.get(test, Counter()) for test in tests}
    if row in LATER:
        return Line(row, title, LATER_WORK, found)
    if row in LATER_IN_PART:
        title = f"{title} ({LATER_IN_PART[row]})"
    if any(counts["failed"] or not counts for counts in found.values()):
        return Line(row, title, FAILED, found)
    has_passed = any(counts[PASSED] for counts in found.values())
    return Line(row, title, PASSED if has_passed else MISSING, found)


def print_line(line: Line, *, width: int, names_tests: bool) -> None:
    print(f"{line.row:>3}  {line.title:<{width}}  {line.outcome} {line.cases or ''}".rstrip())
    files: dict[str, Counter[str]] = {}
    for test, counts in line.tests.items():
        path, _, name = test.partition("::")
        is_named = names_tests or counts["failed"] or not counts
        label = f"{path} {name}" if is_named else path
        files.setdefault(label, Counter()).update(counts or {"did not run": 1})
    for label, counts in sorted(files.items()):
        said = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
        print(f"     {label}: {said}")


def print_summary(lines: Sequence[Line]) -> int:
    by_outcome = Counter(line.outcome for line in lines)
    tests = {test: counts for line in lines for test, counts in line.tests.items()}
    cases = sum(counts[PASSED] for counts in tests.values())
    said = ", ".join(f"{number} {outcome}" for outcome, number in by_outcome.items())
    print(f"\n{len(lines)} rows: {said}; {len(tests)} tests, {cases} cases passed")
    return 1 if by_outcome[FAILED] or by_outcome[MISSING] else 0


if __name__ == "__main__":
    sys.exit(main())
