"""Shared by all commands: settings, services on the configured database, and output."""

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
from app.observability import request_context
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
"""The function that runs one action of a command, such as `users list`."""


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand of `postern`; `run` returns the exit code."""

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def command_settings(**overrides: Any) -> Settings:
    """Return the settings, in development mode on a loopback address if APP_ENV is not set.

    Every command reads the environment as `postern serve` does, so that all use the same database
    and the same keys.
    """
    host = overrides.get("host") or environment_value("HOST") or "127.0.0.1"
    return load_settings(
        unset_environment="development" if _is_loopback(host) else "production", **overrides
    )


def settings_of_existing_database() -> Settings:
    """Return `command_settings`; raises `StartupError` if the SQLite database does not exist.

    In that case nothing is written to its directory.
    """
    settings = command_settings(creates_secret=False)
    if not _has_file(settings):
        path = sqlite_path(settings.database_url)
        raise StartupError(f"DATABASE_URL: no database at {path}: {CREATED_BY}")
    return command_settings()


def has_database() -> bool:
    """Return whether the configured database exists; always True for PostgreSQL."""
    return _has_file(command_settings(creates_secret=False))


def _has_file(settings: Settings) -> bool:
    path = sqlite_path(settings.database_url)
    return path is None or path.exists()


def with_services(work: Callable[["Services"], Awaitable[Result]]) -> Result:
    """Run `work` on the configured database and close everything afterwards.

    The database must exist. Its name is printed to standard error, so that standard output holds
    only the result.
    """

    async def run() -> Result:
        request_context.act_as(f"operator:{_operator()}")
        settings = settings_of_existing_database()
        from app.wiring import build_services  # imported late: the settings are checked first
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
    """Return a secret that is typed without echo, or the first line of standard input."""
    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return getpass.getpass(prompt)


def show(rows: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """Print rows as JSON, or as a table."""
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
    """Print a single row as JSON, or with one line for each column."""
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
    """Return the name of the system user; in containers, where it may have none, the UID."""
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
