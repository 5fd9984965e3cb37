"""Records each statement that is sent, and the line of the repository that sent it."""

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

import app.repositories
from app.database.database import Database

HERE = Path(app.repositories.__path__[0])
SENDS = {
    AsyncConnection: ("execute", "scalar", "scalars"),
    Database: ("find_one", "find_all", "fetch_one", "fetch_all", "change"),
}
NAMES = frozenset(name for names in SENDS.values() for name in names)


class Recording:
    def __init__(self) -> None:
        self.statements: dict[str, Any] = {}
        """Parameters by text."""
        self.lines: set[tuple[str, int]] = set()

    def add(self, text: str, parameters: Any) -> None:
        self.statements.setdefault(text, parameters)

    def missed(self) -> list[str]:
        """Calls in the repositories that send a statement and were not reached."""
        return [
            f"{path.stem}: {' '.join(text.split())}"
            for path in sorted(HERE.rglob("*.py"))
            for first, last, text in calls_in(path)
            if not any((str(path), line) in self.lines for line in range(first, last + 1))
        ]


def calls_in(path: Path) -> Iterator[tuple[int, int, str]]:
    """First and last line of each call that sends a statement, and its text."""
    source = path.read_text()
    for node in ast.walk(ast.parse(source)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in NAMES
        ):
            text = ast.get_source_segment(source, node) or ""
            yield node.lineno, node.end_lineno or node.lineno, text


@contextmanager
def recorded(database: Database, patch: pytest.MonkeyPatch) -> Iterator[Recording]:
    recording = Recording()
    for kind, names in SENDS.items():
        for name in names:
            patch.setattr(kind, name, _noting(getattr(kind, name), recording))

    def note(_: Any, __: Any, text: str, parameters: Any, ___: Any, is_many: bool) -> None:
        recording.add(text, parameters[0] if is_many else parameters)

    engines = database.backend.engines
    for engine in {engines.reader.sync_engine, engines.writer.sync_engine}:
        event.listen(engine, "before_cursor_execute", note)
    yield recording


def _noting(method: Any, recording: Recording) -> Any:
    def send(*arguments: Any, **options: Any) -> Any:
        frame = sys._getframe(1)
        path = Path(frame.f_code.co_filename)
        if path.is_relative_to(HERE):
            recording.lines.add((str(path), frame.f_lineno))
        return method(*arguments, **options)

    return send
