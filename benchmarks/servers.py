"""Start measured servers, each in its own process, and stop them in any case."""

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from json import dumps, loads
from pathlib import Path
from typing import Any

import psutil

from benchmarks.load_generator import family
from tests.support.ports import free_port

ROOT = Path(__file__).parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 15.0
JOB_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. `seconds_to_answer` is the time from the spawn to the first response."""

    pid: int
    port: int
    seconds_to_answer: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def resident_megabytes(self) -> float:
        return float(psutil.Process(self.pid).memory_info().rss) / 1e6

    def shared_megabytes(self) -> float:
        """Return the memory of the process and its workers; pages that they share count once."""
        memory = [process.memory_full_info() for process in family(psutil.Process(self.pid))]
        return float(sum(getattr(each, "pss", each.uss) for each in memory)) / 1e6


@contextmanager
def postern(
    directory: Path,
    database_url: str,
    *,
    first_request: str | None = None,
    root: Path = ROOT,
    variables: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """Run `postern serve` of a checkout, with one worker and default settings, except those that
    `variables` sets."""
    command = ["-m", "app.cli", "serve", "--port"]
    environment = {"DATABASE_URL": database_url, "WORKERS": "1", "APP_ENV": "development"}
    request = first_request or "GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    environment |= {"PYTHONPATH": str(root), **(variables or {})}
    with _running(directory, "server", command, environment, request) as server:
        yield server


@contextmanager
def uvicorn(
    directory: Path, application: str, *, database_url: str = "", first_request: str
) -> Iterator[Server]:
    """Run an ASGI application in a bare Uvicorn with one worker."""
    options = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--workers", "1"]
    command = ["-m", "uvicorn", application, *options, "--log-level", "warning", "--port"]
    environment = {"DATABASE_URL": database_url}
    name = application.partition(":")[0]
    with _running(directory, name, command, environment, first_request) as server:
        yield server


@contextmanager
def _running(
    directory: Path, name: str, command: list[str], environment: dict[str, str], request: str
) -> Iterator[Server]:
    """Run a server in `directory`; its output, access log included, goes to a file in it."""
    port = free_port()
    log = directory / f"{name}.log"
    with log.open("ab") as output:
        started_at = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *command, str(port)],
            cwd=directory,
            env=_environment() | environment,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )
        try:
            _wait_for_answer(process, port, request)
            yield Server(process.pid, port, time.perf_counter() - started_at)
        except Exception as error:
            error.add_note(f"{log.name} ended with:\n{_complaints(log)}")
            raise
        finally:
            _stop(process)


def _wait_for_answer(process: "subprocess.Popen[bytes]", port: int, request: str) -> None:
    """Wait until a request is answered with 200; raises `RuntimeError` on time-out or exit."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
                connection.sendall(request.encode())
                if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                    return
        except OSError:
            pass
        time.sleep(0.01)
    raise RuntimeError("the server gave no first answer")


def _complaints(log: Path) -> str:
    """Return the last lines of the log that are not access log lines."""
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join([line for line in lines if not line.startswith("127.0.0.1 ")][-20:])


def _stop(process: "subprocess.Popen[Any]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _environment() -> dict[str, str]:
    """Return the environment without variables that change the server's settings."""
    names = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")
    environment = {name: os.environ[name] for name in names if name in os.environ}
    return environment | {"PYTHONPATH": str(ROOT)}


class LoadGenerator:
    """The load generator's process, which runs one job after the other."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(
        self,
        server: Server,
        *,
        requests: list[str],
        chains: list[str] | None = None,
        proofs_for: str | None = None,
        is_once: bool = False,
        connections: int,
        seconds: float,
        rate: float | None = None,
        is_patient: bool = True,
    ) -> dict[str, Any]:
        """Return the figures of a round. With a `rate`, requests start at that many a second.

        A connection that `is_patient` waits for a second after a 503. With `proofs_for`, each
        request gets a new DPoP proof for this URL. With `is_once`, each request is sent at most
        once, and `taken` says how many were.
        """
        job = {
            "port": server.port,
            "pid": server.pid,
            "requests": requests,
            "chains": chains or [],
            "proofs_for": proofs_for,
            "is_once": is_once,
            "connections": connections,
            "seconds": seconds,
            "rate": rate,
            "is_patient": is_patient,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(dumps(job) + "\n")
        self._process.stdin.flush()
        ready, _, _ = select.select([self._process.stdout], [], [], seconds + JOB_SECONDS)
        line = self._process.stdout.readline() if ready else ""
        if not line:
            raise RuntimeError("the load generator has stopped or hangs")
        result: dict[str, Any] = loads(line)
        return result


@contextmanager
def load_generator() -> Iterator[LoadGenerator]:
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.load_generator"],
        cwd=ROOT,
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield LoadGenerator(process)
    finally:
        _stop(process)


def bare_hash_milliseconds(seconds: float) -> float:
    """Return the CPU time of one Argon2id hash, measured in a process that does nothing else."""
    return float(_measured_alone("benchmarks.bare_hash", seconds))


def bare_signature_milliseconds(seconds: float) -> tuple[float, float]:
    """Return the same of one ES256 signature and of its verification."""
    signature, verification = _measured_alone("benchmarks.bare_signature", seconds).split()
    return float(signature), float(verification)


def _measured_alone(module: str, seconds: float) -> str:
    process = subprocess.run(
        [sys.executable, "-m", module, str(seconds)],
        cwd=ROOT,
        env=_environment(),
        check=True,
        capture_output=True,
        text=True,
        timeout=seconds + JOB_SECONDS,
    )
    return process.stdout
