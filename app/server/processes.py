"""How Uvicorn runs our application: one process, or several that share a listening socket."""

import logging
import os
import socket

import uvicorn
from uvicorn.supervisors import Multiprocess

from app.clock import Clock
from app.main import WORKER_OF, create_app
from app.middleware.edge import Edge
from app.observability.logging import logger
from app.settings import Settings

log = logger(__name__)
uvicorn_log = logging.getLogger("uvicorn.error")

KEEP_ALIVE_SECONDS = 30
TLS_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Suites of TLS 1.2 with forward secrecy and authenticated encryption (RFC 9325 section 4.2).
Those of TLS 1.3 are all of this kind."""


def run_server(settings: Settings, listener: socket.socket) -> None:
    """Serves until a signal; with several workers a supervisor replaces one that dies."""
    if settings.worker_count == 1:
        uvicorn.Server(_config(settings, create_app(settings, clock=Clock()))).run(
            sockets=[listener]
        )
        return
    os.environ.update(_environment_of(settings))
    config = _config(settings, "app.main:app")
    Supervisor(config, sockets=[listener]).run()


class Supervisor(Multiprocess):
    """Says in one line at WARNING that a worker died; Uvicorn says so at INFO, in three."""

    def keep_subprocess_alive(self) -> None:
        before = list(self.processes)
        uvicorn_log.addFilter(_is_warning)
        try:
            super().keep_subprocess_alive()
        finally:
            uvicorn_log.removeFilter(_is_warning)
        for process in before:
            if process not in self.processes:
                log.warning(
                    "worker %s died (exit code %s): another one takes its place",
                    process.pid,
                    process.exitcode,
                )


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _config(settings: Settings, application: Edge | str) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        workers=settings.worker_count,
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


def _environment_of(settings: Settings) -> dict[str, str]:
    """What the workers, which read the environment themselves, could not know otherwise."""
    values = {
        WORKER_OF: str(os.getpid()),
        "APP_ENV": settings.app_env,
        "HOST": settings.host,
        "PORT": str(settings.port),
        "WORKERS": str(settings.worker_count),
    }
    if settings.secret_key is not None:
        values["SECRET_KEY"] = settings.secret_key.get_secret_value()
    if settings.tls_cert_file and settings.tls_key_file:
        values["TLS_CERT_FILE"] = str(settings.tls_cert_file)
        values["TLS_KEY_FILE"] = str(settings.tls_key_file)
    return values
