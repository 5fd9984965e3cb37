"""Rows on a terminal, drawn with Rich. No ID is cut or broken, however narrow the terminal is."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.rows import Row, Rows, labelled, text_of

COLUMN_GAP = 3
"""Characters between two columns."""

Lines = Sequence[Sequence[str]]


class TerminalListing:
    """A table for each page, or records if the terminal is too narrow for a table."""

    def __init__(self) -> None:
        self._is_empty = True

    def add(self, rows: Rows) -> None:
        self._is_empty = False
        console = _console()
        names = list(rows[0])
        lines = [[text_of(value) for value in row.values()] for row in rows]
        widths = _widths([names, *lines], available=console.width)
        if widths is not None:
            console.print(_table(names, lines, widths))
            return
        for row in rows:
            print_record(row)
            print()

    def end(self) -> None:
        if self._is_empty:
            print("none")


def print_record(row: Row) -> None:
    """Print a row with one line for each column, which only the terminal wraps."""
    console = _console()
    for name, value in labelled(row):
        console.print(Text.assemble((name, "bold"), value), soft_wrap=True)


def _widths(lines: Lines, *, available: int) -> list[int] | None:
    """Return widths of columns that break no word, or None if such columns are too wide."""
    columns = list(zip(*lines, strict=True))
    widths = [
        max(cell_len(word) for text in column for word in text.split(" ")) for column in columns
    ]
    spare = available - sum(widths) - COLUMN_GAP * (len(columns) - 1)
    if spare < 0:
        return None
    for number, column in enumerate(columns):
        wider = min(spare, max(map(cell_len, column)) - widths[number])
        widths[number] += wider
        spare -= wider
    return widths


def _table(names: Sequence[str], lines: Lines, widths: Sequence[int]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name, width in zip(names, widths, strict=True):
        table.add_column(name, width=width)
    for line in lines:
        table.add_row(*map(Text, line))  # a text is not markup
    return table


def _console() -> Console:
    return Console(highlight=False)
