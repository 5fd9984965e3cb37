"""What commands share: settings, services on the configured database, and how results are shown."""

import argparse
import asyncio
import getpass
import ipaddress
import json
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from app.clock import Clock
from app.errors import CREATED_BY, StartupError
from app.observability import origin
from app.observability.logging import configure_logging
from app.settings import (
    Settings,
    describe_database,
    environment_value,
    load_settings,
    sqlite_path,
)

if TYPE_CHECKING:
    from app.wiring import Services

Result = TypeVar("Result")
Action = Callable[[argparse.Namespace], None]
"""What a command with several actions does for one of them."""


@dataclass(frozen=True, slots=True)
class Command:
    """A word after `postern`; `run` gives the exit code."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def command_settings(**overrides: Any) -> Settings:
    """Where APP_ENV is not set, a server on a loopback address is development.

    Every command reads the environment as `postern serve` does, so that all see the same database
    and the same keys.
    """
    host = overrides.get("host") or environment_value("HOST") or "127.0.0.1"
    return load_settings(
        unset_environment="development" if _is_loopback(host) else "production", **overrides
    )


def settings_of_existing_database() -> Settings:
    """As `command_settings`; raises `StartupError` before anything is written beside a SQLite
    database that does not exist."""
    settings = command_settings(creates_secret=False)
    if not _has_file(settings):
        path = sqlite_path(settings.database_url)
        raise StartupError(f"DATABASE_URL: there is no database at {path}: {CREATED_BY}")
    return command_settings()


def has_database() -> bool:
    """Whether the configured database is there; not asked of PostgreSQL."""
    return _has_file(command_settings(creates_secret=False))


def _has_file(settings: Settings) -> bool:
    path = sqlite_path(settings.database_url)
    return path is None or path.exists()


def with_services(work: Callable[["Services"], Awaitable[Result]]) -> Result:
    """Runs `work` on the configured database and closes everything after it.

    The database has to exist. Which one it is goes to standard error, so that output stays pure.
    """

    async def run() -> Result:
        origin.act_as(f"operator:{_operator()}")
        settings = settings_of_existing_database()
        from app.wiring import build_services  # late: settings are judged first
        from app.wiring.preparation import prepare_database

        configure_logging(log_format="text", level="ERROR")
        services = build_services(settings, Clock())
        try:
            await prepare_database(services, may_create=False)
            result = await work(services)
            await services.audit.sequencer.try_run()
            print(f"Database: {describe_database(settings.database_url)}", file=sys.stderr)
            return result
        finally:
            await services.close()

    return asyncio.run(run())


def read_secret(prompt: str, *, from_stdin: bool = False) -> str:
    """Typed without being shown, or the first line of standard input."""
    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return getpass.getpass(prompt)


def show(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Prints rows as JSON, or as a table."""
    if as_json:
        print(json.dumps(list(rows), indent=2))
        return
    if not rows:
        print("none")
        return
    table = [list(rows[0]), *([cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for line in table:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def show_one(row: dict[str, Any], *, as_json: bool) -> None:
    """Prints one thing, a line a member."""
    if as_json:
        print(json.dumps(row, indent=2))
        return
    width = max(map(len, row))
    for name, value in row.items():
        print(f"{name.ljust(width)}  {cell(value)}")


def add_json_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")


def cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value) if value else "-"
    return "-" if value is None else str(value)


def _operator() -> str:
    """Who gave the command; a container's user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
