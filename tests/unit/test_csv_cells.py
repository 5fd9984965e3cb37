"""Cells of CSV: no spreadsheet runs them, and nothing is lost."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.services.accounts.csv_cells import defused, restored

RUN = ("=", "+", "-", "@", "\t", "\r")
cells = st.text() | st.from_regex(r"\A'{0,3}[=+\-@\t\r].*\Z")


@pytest.mark.parametrize("beginning", RUN)
def test_a_cell_that_would_be_run_gets_an_apostrophe(beginning: str) -> None:
    assert defused(f"{beginning}1+1") == f"'{beginning}1+1"


@pytest.mark.parametrize("cell", ["", "alice", "'", "'quoted'", "a=b", " =x", "1-2"])
def test_any_other_cell_is_unchanged(cell: str) -> None:
    assert defused(cell) == cell
    assert restored(cell) == cell


@given(cells)
@example("'=x")
@example("''=x")
def test_a_defused_cell_is_restored(cell: str) -> None:
    assert not defused(cell).startswith(RUN)
    assert restored(defused(cell)) == cell


def test_a_cell_that_was_never_defused_is_read_as_it_is() -> None:
    assert restored("+43 1 234567") == "+43 1 234567"
