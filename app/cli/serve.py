"""`postern serve`: check the settings, bind the port, and serve with one or more processes."""

import argparse

from app.cli.base import Command, command_settings
from app.observability.logging import configure_process_logging, logger, server_output
from app.server.certificate import check_certificate, kept_certificate
from app.server.launch import become_supervisor
from app.server.listening import bound_socket
from app.settings import flask_env_asks_for_https, misspelt_settings

log = logger(__name__)


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="the address to listen on (HOST)")
    parser.add_argument("--port", type=int, help="the port to listen on (PORT)")
    parser.add_argument("--workers", type=int, help="number of worker processes (WORKERS)")
    parser.add_argument(
        "--https",
        action="store_true",
        help=("serve https with a self-signed certificate, generated once"),
    )


def _run(arguments: argparse.Namespace) -> int:
    settings = command_settings(host=arguments.host, port=arguments.port, workers=arguments.workers)
    wants_https = arguments.https or flask_env_asks_for_https()
    if wants_https and settings.tls_cert_file is None:
        certificate, key = kept_certificate(settings.data_directory)
        settings = settings.model_copy(update={"tls_cert_file": certificate, "tls_key_file": key})
    check_certificate(settings)
    listener = bound_socket(settings)
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
        become_supervisor(settings, listener)
    from app.server.processes import serve_alone  # imported late, so that refused starts are cheap

    serve_alone(settings, listener)
    return 0


COMMAND = Command("serve", "Start the server.", _add_arguments, _run)
