"""A worker as its supervisor sees it: a process and a channel to it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

from app.server.silence import Silence, activity_of
from app.server.slots import Kind

READY = b"r"
SIGN_OF_LIFE = b"."
ROOT = Path(__file__).parents[2]


class WorkerProcess:
    """A Python process of its own that imports what a worker needs and nothing else.

    It inherits the listening socket, and one end of a channel. The worker says on it when it
    listens and that it is alive; it notices there that the supervisor has gone.
    """

    def __init__(self, listener: socket.socket, kind: Kind) -> None:
        self._channel, theirs = socket.socketpair()
        self._channel.setblocking(False)
        inherited = (listener.fileno(), theirs.fileno())
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                python("app.server.worker", *map(str, inherited), kind),
                pass_fds=inherited,
                env=import_environment(),
            )
        self._silence = Silence()
        self._has_hung_up = False
        self.ready_at: float | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    def channel(self) -> int | None:
        """The descriptor on which the worker may say something; None once it has hung up."""
        return None if self._has_hung_up else self._channel.fileno()

    def exit_code(self) -> int | None:
        """The exit code, negative for a signal; None while the process runs."""
        return self._process.poll()

    def hear(self) -> None:
        """Read what the worker has said since the last time."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while not self._has_hung_up:
                heard = self._channel.recv(4096)
                self._has_hung_up = not heard
                self._silence.end()
                if READY in heard and self.ready_at is None:
                    self.ready_at = time.monotonic()

    def why_it_hangs(self) -> str | None:
        """Judge the silence of a worker that was ready once; call it once a second."""
        return self._silence.look(activity_of(self.pid)) if self.ready_at is not None else None

    def stop(self) -> None:
        """Let it finish what it has begun."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._channel.close()


def python(module: str, *arguments: str) -> list[str]:
    """The command line that runs a module of ours, whatever the working directory holds."""
    return [sys.executable, "-P", "-m", module, *arguments]


def import_environment() -> dict[str, str]:
    """The environment with which another Python imports this same `app`."""
    environment = dict(os.environ)
    installed = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    if str(ROOT) not in installed:
        paths = [str(ROOT), *environment.get("PYTHONPATH", "").split(os.pathsep)]
        environment["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(filter(None, paths)))
    return environment
