"""The rows of the security bar: their titles, and which tests name them.

`SECURITY_BAR row 9` in the docstring of a test counts for that test, in the docstring of a module
for each of its tests.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
TITLES = ROOT / "docs" / "security-bar.md"

ROWS = range(1, 60)
LATER: frozenset[int] = frozenset()
LATER_IN_PART = {47: "metrics are later work"}
REQUIRED = [row for row in ROWS if row not in LATER]

NAMED = re.compile(r"SECURITY_BAR rows?\s+((?:\d+(?:\s*(?:,|and|to|-)\s*)?)+)")
RANGE = re.compile(r"(\d+)\s*(?:to|-)\s*(\d+)")
TITLE = re.compile(r"^\| (\d+) \| (.+) \|$", re.MULTILINE)


def rows_in(text: str) -> Iterator[int]:
    """`SECURITY_BAR row 9`, `SECURITY_BAR rows 3 and 4`, `SECURITY_BAR rows 1-3, 5`."""
    for named in NAMED.findall(text):
        for first, last in RANGE.findall(named):
            yield from range(int(first), int(last) + 1)
        yield from map(int, re.findall(r"\d+", named))


def titles() -> dict[int, str]:
    return {int(row): title for row, title in TITLE.findall(TITLES.read_text())}


def naming_tests() -> dict[int, set[str]]:
    """The tests that name each row, as pytest names them: `tests/api/test_paths.py::test_…`."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in sorted(TESTS.rglob("test_*.py")):
        for test, rows in _tests_in(path):
            for row in rows:
                found[row].add(test)
    return found


def _tests_in(path: Path) -> Iterator[tuple[str, set[int]]]:
    module = ast.parse(path.read_text())
    of_all = set(rows_in(ast.get_docstring(module) or ""))
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test"
        ):
            rows = of_all | set(rows_in(ast.get_docstring(node) or ""))
            yield f"{path.relative_to(ROOT)}::{node.name}", rows
