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
    deadline = time.monotonic() + RETRY_SECONDS
    while True:
        try:
            return _bind(settings)
        except socket.gaierror:
            raise StartupError("HOST: not an address of this machine") from None
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise refusal(settings, error) from None
        time.sleep(PAUSE_SECONDS)


def refusal(settings: Settings, error: OSError) -> StartupError:
    """Return the error for the operator if the server cannot listen on the address."""
    name = "HOST" if error.errno == errno.EADDRNOTAVAIL else "PORT"
    return StartupError(
        f"{name}: cannot listen on {settings.host}:{settings.port}: {error.strerror}"
    )


def _bind(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener
