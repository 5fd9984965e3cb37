"""Turn the process that validated the settings into the supervisor of several workers."""

import os
import socket
import sys
from typing import NoReturn

from app.server.supervisor import Job
from app.server.workers import import_environment, python
from app.settings import Settings


def become_supervisor(
    settings: Settings, listener: socket.socket, mtls_listener: socket.socket | None
) -> NoReturn:
    """Replace this program with the supervisor, so that the memory of the validation is freed.

    The process id stays the same.
    """
    job = Job(
        listener=listener.fileno(),
        workers=settings.worker_count,
        graceful_timeout=settings.graceful_timeout,
        log_format=settings.log_format,
        log_level=settings.log_level,
        mtls_listener=mtls_listener.fileno() if mtls_listener is not None else None,
    )
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    command = python("app.server.supervisor", job.as_argument())
    environment = {**import_environment(), **_environment_of(settings)}
    os.execve(command[0], command, environment)  # noqa: S606 - our own program


def _environment_of(settings: Settings) -> dict[str, str]:
    """Return the variables that the workers need beside the current environment.

    The workers read the environment themselves.
    """
    values = {
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
