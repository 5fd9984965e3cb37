"""Ports for servers that cannot listen on a port of the system's choice."""

import contextlib
import secrets
import socket

HOST = "127.0.0.1"
PORTS = range(20_000, 30_000)
"""Below the ports that systems give to outgoing connections (32768 and higher on Linux): one of
those may be taken by a connection before its server listens, or while it is restarted."""


def free_port() -> int:
    """Return a port of this machine that nothing listens on."""
    while True:
        port = secrets.choice(PORTS)
        with contextlib.suppress(OSError), socket.socket() as listener:
            listener.bind((HOST, port))
            return port
