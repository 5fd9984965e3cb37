"""Run the application with Uvicorn in this process."""

import contextlib
import signal
import socket
from collections.abc import Callable, Sequence

from app.clock import Clock
from app.database.errors import is_database_error
from app.main import application_of
from app.observability.logging import configure_logging, logger, server_output
from app.pages.support.assets import assets_of
from app.server.banner import print_banner
from app.server.client_certificates import MtlsProtocol, mtls_context
from app.server.http_protocol import BoundedHttpProtocol
from app.server.listening import refusal
from app.server.terminal import Terminal
from app.server.uvicorn_adapter.config import config_of
from app.server.uvicorn_adapter.server import Beside, Listener, Server
from app.settings import Settings
from app.wiring import Services, build_services
from app.wiring.preparation import prepare_in_time

log = logger(__name__)


def serve_alone(
    settings: Settings, listener: socket.socket, mtls_listener: socket.socket | None
) -> None:
    """Serve in this process, without a supervisor."""
    terminal = Terminal()
    signal.signal(signal.SIGHUP, lambda *_: _refuse_reload(terminal))
    serve(
        settings,
        listener,
        mtls_listener,
        waits_for_database=False,
        is_ready=lambda: print_banner(settings),
        beside=None,
    )


def serve(
    settings: Settings,
    listener: socket.socket,
    mtls_listener: socket.socket | None,
    *,
    waits_for_database: bool,
    is_ready: Callable[[], None],
    beside: Beside | None,
) -> None:
    """Serve until a signal arrives; raise `StartupError` if the server cannot start.

    If it `waits_for_database`, it listens at once and responds with 503 until the database is
    ready. Otherwise it prepares the database first.
    """
    assets_of(settings)
    level = settings.log_level if waits_for_database else "ERROR"  # report a failure only once
    output = server_output(log_format=settings.log_format)
    configure_logging(log_format=settings.log_format, level=level, output=output)
    startup_log = logger("app.wiring.preparation")
    startup_log.setLevel("NOTSET" if settings.log_level == "ERROR" else "WARNING")
    services = build_services(settings, Clock())
    application = application_of(services, waits_for_database=waits_for_database)

    async def prepare() -> None:
        await services.start_threads()
        if not waits_for_database:
            await _prepare(services)
            startup_log.setLevel("NOTSET")
            configure_logging(
                log_format=settings.log_format, level=settings.log_level, output=output
            )

    config = config_of(settings, application, BoundedHttpProtocol)
    server = Server(
        config,
        prepare=prepare,
        is_ready=is_ready,
        beside=beside,
        extra_listeners=_mtls(settings, mtls_listener),
    )
    try:
        server.run(sockets=[listener])
    except OSError as error:
        if server.started or is_database_error(error):
            raise
        raise refusal(settings, error) from error


def _mtls(settings: Settings, listener: socket.socket | None) -> Sequence[Listener]:
    if listener is None:
        return ()
    return [Listener(listener, MtlsProtocol, mtls_context(settings))]


def _refuse_reload(terminal: Terminal) -> None:
    if terminal.is_lost():
        signal.raise_signal(signal.SIGTERM)
        return
    log.warning("SIGHUP ignored: a reload requires more than one worker (WORKERS=1)")


async def _prepare(services: Services) -> None:
    """Run the migrations and create the first signing keys, once, before anything else starts."""
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(services.close)
        await prepare_in_time(services)
        await services.oauth.signing_keys.ensure()
        stack.pop_all()
