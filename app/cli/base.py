"""Shared by all commands: settings, services on the configured database, and secrets."""

import asyncio
import getpass
import ipaddress
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from app.clock import Clock
from app.observability import request_context
from app.observability.logging import configure_logging
from app.settings import (
    Settings,
    describe_database,
    environment_value,
    load_settings,
    sqlite_path,
)
from app.startup_errors import CREATED_BY, StartupError

if TYPE_CHECKING:
    from app.wiring import Services

Result = TypeVar("Result")


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
            await services.core.audit.sequencer.try_run()
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
