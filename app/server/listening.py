"""The listening socket, bound before the application is imported so that a busy port fails fast.

It listens only once a worker can respond. Until then no client can connect.
"""

import errno
import socket
import time

from app.settings import Settings
from app.startup_errors import StartupError

BACKLOG = 2048
RETRY_SECONDS = 4.0
"""How long to wait for the port. The workers of a killed server need a moment to release it."""
PAUSE_SECONDS = 0.1


def bound_socket(settings: Settings) -> socket.socket:
    """Return a socket bound to HOST and PORT; raise `StartupError` if that fails."""
    return _bound(settings, settings.port, name="PORT")


def bound_mtls_socket(settings: Settings) -> socket.socket | None:
    """Return a socket bound to MTLS_PORT, or None if that is not set; raise `StartupError`."""
    if settings.mtls_port is None:
        return None
    return _bound(settings, settings.mtls_port, name="MTLS_PORT")


def _bound(settings: Settings, port: int, *, name: str) -> socket.socket:
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        try:
            return _bind(settings.host, port)
        except socket.gaierror:
            raise StartupError("HOST: not an address of this machine") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise _refusal(settings, error, port=port, name=name) from None
        time.sleep(PAUSE_SECONDS)


def refusal(settings: Settings, error: OSError) -> StartupError:
    """Return the error for the operator if the server cannot listen on the address."""
    return _refusal(settings, error, port=settings.port, name="PORT")


def _refusal(settings: Settings, error: OSError, *, port: int, name: str) -> StartupError:
    name = "HOST" if error.errno == errno.EADDRNOTAVAIL else name
    return StartupError(f"{name}: cannot listen on {settings.host}:{port}: {error.strerror}")


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener
