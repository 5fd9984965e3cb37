"""Output of commands: JSON, one line a row in a pipe, or a table on a terminal."""

import json
import sys
from typing import Protocol

from app.cli.rows import Row, Rows, labelled, text_of


class Listing(Protocol):
    """A list that is printed page by page."""

    def add(self, rows: Rows) -> None: ...
    def end(self) -> None: ...


def listing(*, as_json: bool) -> Listing:
    """Return a list in the form that suits standard output."""
    if as_json:
        return _JsonListing()
    if sys.stdout.isatty():
        from app.cli.terminal import TerminalListing  # imported late: a pipe does not need Rich

        return TerminalListing()
    return _LineListing()


def show(rows: Rows, *, as_json: bool) -> None:
    """Print a list of one page."""
    listed = listing(as_json=as_json)
    if rows:
        listed.add(rows)
    listed.end()


def show_one(row: Row, *, as_json: bool) -> None:
    """Print a single row as JSON, or with one line for each column."""
    if as_json:
        print(json.dumps(row, indent=2))
    elif sys.stdout.isatty():
        from app.cli.terminal import print_record

        print_record(row)
    else:
        for name, value in labelled(row):
            print(f"{name}{value}")


class _JsonListing:
    """A JSON array."""

    def __init__(self) -> None:
        self._is_empty = True

    def add(self, rows: Rows) -> None:
        for row in rows:
            print("[" if self._is_empty else ",")
            lines = json.dumps(row, indent=2).splitlines()
            print("\n".join(f"  {line}" for line in lines), end="")
            self._is_empty = False

    def end(self) -> None:
        print("[]" if self._is_empty else "\n]")


class _LineListing:
    """One line a row, whose columns fit the first page; a later page may widen them."""

    def __init__(self) -> None:
        self._widths: list[int] = []

    def add(self, rows: Rows) -> None:
        lines = [[text_of(value) for value in row.values()] for row in rows]
        if not self._widths:
            self._widths = [0] * len(rows[0])
            lines.insert(0, list(rows[0]))
        self._widths = [
            max(width, *(len(line[column]) for line in lines))
            for column, width in enumerate(self._widths)
        ]
        for line in lines:
            padded = (text.ljust(width) for text, width in zip(line, self._widths, strict=True))
            print("  ".join(padded).rstrip())

    def end(self) -> None:
        if not self._widths:
            print("none")
