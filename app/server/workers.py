"""A worker on the supervisor's side: a process and a channel to it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from app.server.silence import Silence, activity_of
from app.server.slots import Kind

READY = b"r"
SIGN_OF_LIFE = b"."
ROOT = Path(__file__).parents[2]


class WorkerProcess:
    """A separate Python process that imports only what a worker needs.

    It inherits the listening sockets and one end of a channel. On the channel the worker reports
    that it listens and that it is alive, and detects that the supervisor has exited.
    """

    def __init__(
        self, listener: socket.socket, kind: Kind, mtls_listener: socket.socket | None
    ) -> None:
        self._channel, worker_end = socket.socketpair()
        self._channel.setblocking(False)
        inherited = (listener.fileno(), worker_end.fileno())
        mtls_descriptors = (mtls_listener.fileno(),) if mtls_listener is not None else ()
        with worker_end:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                python(
                    "app.server.worker", *map(str, inherited), kind, *map(str, mtls_descriptors)
                ),
                pass_fds=(*inherited, *mtls_descriptors),
                env=import_environment(),
            )
        self._silence = Silence()
        self._has_hung_up = False
        self.ready_at: float | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def channel(self) -> int | None:
        """Return the descriptor of the channel, or None once the worker has closed it."""
        return None if self._has_hung_up else self._channel.fileno()

    def exit_code(self) -> int | None:
        """Return the exit code, negative for a signal, or None while the process runs."""
        return self._process.poll()

    def hear(self) -> None:
        """Read what the worker has sent since the last call."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while not self._has_hung_up:
                data = self._channel.recv(4096)
                self._has_hung_up = not data
                self._silence.end()
                if READY in data and self.ready_at is None:
                    self.ready_at = time.monotonic()

    def why_it_hangs(self) -> str | None:
        """Return why a worker that was ready hangs, or None. Call this once a second."""
        return self._silence.look(activity_of(self.pid)) if self.ready_at is not None else None

    def stop(self) -> None:
        """Ask the worker to stop once it has finished its requests."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._channel.close()


def python(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs one of our modules.

    Modules in the working directory are never imported instead.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def import_environment() -> dict[str, str]:
    """Return the environment in which another Python process imports this same `app`."""
    environment = dict(os.environ)
    paths = [str(ROOT), *environment.get("PYTHONPATH", "").split(os.pathsep)]
    environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, paths)))
    return environment
