"""The listening socket, bound before the application is imported: a busy port costs little."""

import errno
import socket

from app.errors import StartupError
from app.settings import Settings

BACKLOG = 2048


def listening_socket(settings: Settings) -> socket.socket:
    """Binds before anything else starts, so that a busy port is one clear line."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except socket.gaierror:
        listener.close()
        raise StartupError("HOST: it is no address of this machine") from None
    except OSError as error:
        listener.close()
        name = "HOST" if error.errno == errno.EADDRNOTAVAIL else "PORT"
        raise StartupError(
            f"{name}: cannot listen on {settings.host}:{settings.port}: {error.strerror}"
        ) from None
    listener.set_inheritable(True)
    return listener
