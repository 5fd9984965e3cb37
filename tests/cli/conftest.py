"""Commands run in this process: quick, and on the database of the running application."""

import asyncio
import io
import logging
import os
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import main
from app.settings import Settings
from tests.support.application import SECRET_KEY, Application


@dataclass(frozen=True)
class Result:
    code: int
    output: str
    errors: str


Postern = Callable[..., Awaitable[Result]]


def exit_code_of(arguments: Sequence[str]) -> int:
    """Return the exit code of a command, whether it is returned or raised."""
    try:
        return main(arguments)
    except SystemExit as ended:
        return int(ended.code or 0)


@pytest.fixture
def _as_it_was() -> Iterator[None]:
    """A command sends log lines to the standard error of its time, which ends with the test."""
    loggers = [logging.getLogger(name) for name in ("postern", "uvicorn")]
    before = [(each, list(each.handlers), each.level, each.propagate) for each in loggers]
    yield
    for each, handlers, level, propagate in before:
        each.handlers[:] = handlers
        each.setLevel(level)
        each.propagate = propagate


@pytest.fixture
def postern(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    _as_it_was: None,
) -> Postern:
    """Runs a command in an empty directory with these environment variables only."""
    for name in os.environ:
        if name.lower() in {*Settings.model_fields, "flask_env"}:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("ARGON2_MEMORY_KIB", "64")
    monkeypatch.setenv("ARGON2_TIME_COST", "1")

    async def run(*arguments: str, typed: str = "", **variables: str) -> Result:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        capsys.readouterr()
        code = await asyncio.to_thread(exit_code_of, arguments)
        output, errors = capsys.readouterr()
        return Result(code, output, errors)

    return run


ImportText = Callable[..., Awaitable[Result]]


@pytest.fixture
def import_text(app: Application, postern: Postern, tmp_path: Path) -> ImportText:
    """`postern users import` of a file with this text."""

    async def run(text: str | bytes, *options: str, name: str = "users.csv") -> Result:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return await postern(
            "users", "import", name, *options, DATABASE_URL=app.settings.database_url
        )

    return run
