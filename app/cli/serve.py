"""`postern serve`: check the settings, bind the port, and serve with one or more processes.

This module does not import Typer, because it stays in the memory of a running server. Typer prints
the help and the mistakes in usage; see `serve_usage.py`.
"""

import argparse
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from app.cli.base import command_settings
from app.observability.logging import configure_process_logging, logger, server_output
from app.server.certificate import check_certificate, stored_certificate
from app.server.launch import become_supervisor
from app.server.listening import bound_mtls_socket, bound_socket
from app.settings import flask_env_asks_for_https, misspelt_settings

log = logger(__name__)


class Option(NamedTuple):
    """An option of `postern serve`; one of the type bool takes no value."""

    name: str
    type: type[str] | type[int] | type[bool]
    help: str


OPTIONS = (
    Option("host", str, "The address to listen on (HOST)."),
    Option("port", int, "The port to listen on (PORT)."),
    Option("workers", int, "Number of worker processes (WORKERS)."),
    Option("https", bool, "Serve https with a self-signed certificate, generated once."),
)


def parse(words: Sequence[str]) -> dict[str, Any] | None:
    """Return the options, or None if the words ask for help or are a mistake in usage."""
    parser = _Parser(add_help=False)
    for name, kind, _ in OPTIONS:
        if kind is bool:
            parser.add_argument(f"--{name}", action="store_true")
        else:
            parser.add_argument(f"--{name}", type=kind)
    try:
        return vars(parser.parse_args(words))
    except _UsageError:
        return None


class _UsageError(Exception):
    pass


class _Parser(argparse.ArgumentParser):
    """A parser that prints nothing."""

    def error(self, message: str) -> NoReturn:
        raise _UsageError(message)


def run(*, host: str | None, port: int | None, workers: int | None, https: bool) -> int:
    """Serve until the server is stopped."""
    settings = command_settings(host=host, port=port, workers=workers)
    wants_https = https or flask_env_asks_for_https()
    if wants_https and settings.tls_cert_file is None:
        certificate, key = stored_certificate(settings.data_directory)
        settings = settings.model_copy(update={"tls_cert_file": certificate, "tls_key_file": key})
    check_certificate(settings)
    listener = bound_socket(settings)
    mtls_listener = bound_mtls_socket(settings)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    output = server_output(log_format=settings.log_format)
    configure_process_logging(
        log_format=settings.log_format, level=settings.log_level, output=output
    )
    for line in misspelt_settings():
        log.warning("%s", line)
    if settings.is_sqlite and settings.worker_count > 1:
        log.warning(
            "WORKERS=%s on SQLite is slower than one worker, because the processes wait for "
            "each other's writes. Use PostgreSQL for several workers",
            settings.worker_count,
        )
    if settings.worker_count > 1:
        output.drain()
        become_supervisor(settings, listener, mtls_listener)
    from app.server.processes import serve_alone  # imported late, so that refused starts are cheap

    serve_alone(settings, listener, mtls_listener)
    return 0
