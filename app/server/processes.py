"""How Uvicorn runs our application, in this process."""

import contextlib
import signal
import socket
from collections.abc import Callable

import uvicorn

from app.clock import Clock
from app.database.errors import is_database_error
from app.main import application_of
from app.middleware.edge import Edge
from app.observability.logging import configure_logging, logger, server_output
from app.pages.assets import assets_of
from app.server.banner import print_banner
from app.server.listening import refusal
from app.server.terminal import Terminal
from app.server.uvicorn_server import Beside, Server
from app.settings import Settings
from app.wiring import Services, build_services
from app.wiring.preparation import prepare_in_time

log = logger(__name__)

KEEP_ALIVE_SECONDS = 30
TLS_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Suites of TLS 1.2 with forward secrecy and authenticated encryption (RFC 9325 section 4.2).
Those of TLS 1.3 are all of this kind."""


def serve_alone(settings: Settings, listener: socket.socket) -> None:
    """Serve by this process, without a supervisor."""
    terminal = Terminal()
    signal.signal(signal.SIGHUP, lambda *_: _refuse_reload(terminal))
    serve(
        settings,
        listener,
        waits_for_database=False,
        is_ready=lambda: print_banner(settings),
        beside=None,
    )


def serve(
    settings: Settings,
    listener: socket.socket,
    *,
    waits_for_database: bool,
    is_ready: Callable[[], None],
    beside: Beside | None,
) -> None:
    """Serve until a signal; raises `StartupError` where that cannot begin.

    Where it `waits_for_database`, it listens at once and answers 503 until it has its database.
    Otherwise it prepares the database first.
    """
    assets_of(settings)
    level = settings.log_level if waits_for_database else "ERROR"  # what fails is told once
    output = server_output(log_format=settings.log_format)
    configure_logging(log_format=settings.log_format, level=level, output=output)
    waiting = logger("app.wiring.preparation")
    waiting.setLevel("NOTSET" if settings.log_level == "ERROR" else "WARNING")
    services = build_services(settings, Clock())
    application = application_of(services, waits_for_database=waits_for_database)

    async def prepare() -> None:
        await services.start_threads()
        if not waits_for_database:
            await _prepare(services)
            waiting.setLevel("NOTSET")
            configure_logging(
                log_format=settings.log_format, level=settings.log_level, output=output
            )

    server = Server(
        config_of(settings, application), prepare=prepare, is_ready=is_ready, beside=beside
    )
    try:
        server.run(sockets=[listener])
    except OSError as error:
        if server.started or is_database_error(error):
            raise
        raise refusal(settings, error) from error


def _refuse_reload(terminal: Terminal) -> None:
    if terminal.is_lost():
        signal.raise_signal(signal.SIGTERM)
        return
    log.warning("SIGHUP: there is no other worker to serve meanwhile (WORKERS=1): nothing is done")


async def _prepare(services: Services) -> None:
    """Migrations, and the first signing keys, are made once, before anything else starts."""
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(services.close)
        await prepare_in_time(services)
        await services.signing_keys.ensure()
        stack.pop_all()


def config_of(settings: Settings, application: Edge) -> uvicorn.Config:
    """Uvicorn's configuration for an application of ours."""
    return uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http="app.server.http_protocol:BoundedHttpProtocol",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.graceful_timeout,
        ssl_certfile=settings.tls_cert_file,
        ssl_ciphers=TLS_CIPHERS,
        ssl_keyfile=str(settings.tls_key_file) if settings.tls_key_file else None,
    )
