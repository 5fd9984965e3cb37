"""Each row of the security bar that is not later work has a title and a test that names it."""

import pytest

from tests.security.rows import REQUIRED, ROWS, naming_tests, rows_in, titles


@pytest.fixture(scope="module")
def named() -> dict[int, set[str]]:
    return naming_tests()


@pytest.mark.parametrize("row", REQUIRED)
def test_each_required_row_is_named_by_a_test(row: int, named: dict[int, set[str]]) -> None:
    assert named[row]


def test_the_document_lists_every_row_in_order() -> None:
    assert list(titles()) == list(ROWS)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("SECURITY_BAR row 9; RFC 9700", {9}),
        ("SECURITY_BAR rows 3 and 4: x", {3, 4}),
        ("SECURITY_BAR rows 1-3, 5", {1, 2, 3, 5}),
        ("SECURITY_BAR row 17, fault 9", {17}),
        ("SECURITY_BAR row nine", set()),
        ("row 9", set()),
    ],
)
def test_references_to_rows_are_parsed(text: str, rows: set[int]) -> None:
    assert set(rows_in(text)) == rows
