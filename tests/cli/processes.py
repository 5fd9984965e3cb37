"""`postern` as an operator runs it: a process of its own in an empty directory."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import httpx
import psutil

from tests.support.machine import is_measuring_coverage, run_variables, scaled

Found = TypeVar("Found")

PATIENCE_SECONDS = 60
STOP_SECONDS = 5
COMMAND = (sys.executable, "-m", "app.cli")
SERVE = (*COMMAND, "serve")
ENVIRONMENT = {"PORT": "0", "ARGON2_MEMORY_KIB": "64", "ARGON2_TIME_COST": "1"}


def environment(directory: Path, variables: dict[str, str]) -> dict[str, str]:
    """Nothing of the tests' own environment but where programs are."""
    own = {"PATH": os.environ["PATH"], "HOME": str(directory), **run_variables()}
    return {**own, **ENVIRONMENT, **variables}


def run(directory: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=directory,
        env=environment(directory, variables),
        capture_output=True,
        text=True,
        timeout=scaled(PATIENCE_SECONDS),
    )


def run_on_terminal(
    directory: Path, *arguments: str, columns: int = 80, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Runs a command whose standard output is a terminal."""
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=directory,
        env=environment(directory, {"TERM": "xterm-256color", **variables}),
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(terminal)
        output = b"".join(_parts_of(controller)).decode().replace("\r\n", "\n")
        os.close(controller)
        assert process.stderr is not None
        errors = process.stderr.read()
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def _parts_of(controller: int) -> Iterator[bytes]:
    """What is printed on a terminal until its last program has ended."""
    with suppress(OSError):
        while part := os.read(controller, 4096):
            yield part


class Server:
    """A running `postern serve`. Its output goes to files, so that it never waits for a reader."""

    def __init__(
        self,
        directory: Path,
        arguments: tuple[str, ...],
        variables: dict[str, str],
        command: tuple[str, ...] = SERVE,
    ) -> None:
        self._output = directory / "output.txt"
        self._errors = directory / "errors.txt"
        with self._output.open("w") as output, self._errors.open("w") as errors:
            self.process = subprocess.Popen(
                [*command, *arguments],
                cwd=directory,
                env=environment(directory, variables),
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )
        self.url = ""

    def wait_until_it_listens(self) -> None:
        said = self.eventually(
            lambda: re.findall(r"listening +(\S+)", self.banner()), "it says where it listens"
        )
        self.url = said[0]

    def wait_until_it_is_ready(self, http: httpx.Client) -> None:
        def is_ready() -> bool:
            with suppress(httpx.TransportError):
                return http.get("/health/ready").status_code == 200
            return False

        self.eventually(is_ready, "it is ready")

    def banner(self) -> str:
        return self._output.read_text()

    def log(self) -> str:
        return self._errors.read_text()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def terminate(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(scaled(PATIENCE_SECONDS))

    def stop(self) -> None:
        """Kills what is left of the process group that was started here.

        The server gets time to save its coverage if that is measured.
        """
        if is_measuring_coverage() and self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(scaled(STOP_SECONDS))
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(scaled(PATIENCE_SECONDS))

    def eventually(self, condition: Callable[[], Found], what: str) -> Found:
        """Waits for a condition while the server lives; gives what it found."""
        deadline = time.monotonic() + scaled(PATIENCE_SECONDS)
        while not (found := condition()):
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, f"waited in vain until {what}: {self.log()}"
            time.sleep(0.05)
        return found


@contextmanager
def serving(
    directory: Path, *arguments: str, command: tuple[str, ...] = SERVE, **variables: str
) -> Iterator[Server]:
    """Starts a server and waits until it has said where it listens."""
    server = Server(directory, arguments, variables, command)
    try:
        server.wait_until_it_listens()
        yield server
    finally:
        server.stop()
