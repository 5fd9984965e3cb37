"""Each row of the security bar whose feature exists has a test that names it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
REQUIRED = [*range(1, 17), *range(18, 23), *range(26, 38), 39, *range(41, 47), 48]
NAMED = re.compile(r"SECURITY_BAR rows?\s+((?:\d+(?:\s*(?:,|and|to|-)\s*)?)+)")
RANGE = re.compile(r"(\d+)\s*(?:to|-)\s*(\d+)")


def rows_in(text: str) -> Iterator[int]:
    """`SECURITY_BAR row 9`, `SECURITY_BAR rows 3 and 4`, `SECURITY_BAR rows 1-3, 5`."""
    for named in NAMED.findall(text):
        for first, last in RANGE.findall(named):
            yield from range(int(first), int(last) + 1)
        yield from map(int, re.findall(r"\d+", named))


def named_rows() -> set[int]:
    own = Path(__file__)
    return {
        row for path in TESTS.rglob("test_*.py") if path != own for row in rows_in(path.read_text())
    }


@pytest.mark.parametrize("row", REQUIRED)
def test_the_row_is_named_by_a_test(row: int) -> None:
    assert row in named_rows()


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SECURITY_BAR row 9; RFC 9700", {9}),
        ("SECURITY_BAR rows 3 and 4: x", {3, 4}),
        ("SECURITY_BAR rows 1-3, 5", {1, 2, 3, 5}),
        ("SECURITY_BAR row nine", set()),
    ],
)
def test_the_ways_to_name_rows(text: str, rows: set[int]) -> None:
    assert set(rows_in(text)) == rows
