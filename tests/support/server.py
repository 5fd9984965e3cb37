"""`postern serve` as an operator runs it: a separate process, accessed over a socket."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

import httpx
import psutil

from tests.support.application import SECRET_KEY, Application
from tests.support.clock import FakeClock
from tests.support.machine import (
    database_timeouts,
    is_measuring_coverage,
    run_variables,
    scaled,
)
from tests.support.parts import settings_for
from tests.support.waiting import eventually

START_SECONDS = 30
STOP_SECONDS = 5
COMMAND = (sys.executable, "-m", "app.cli")
ENVIRONMENT = {
    "APP_ENV": "development",
    "SECRET_KEY": SECRET_KEY,
    "PORT": "0",
    "ARGON2_MEMORY_KIB": "64",
    "ARGON2_TIME_COST": "1",
    "ACCESS_LOG": "0",
    "STARTUP_TIMEOUT": "0",
}


class Server:
    """A running server. Its output goes to files, so that it never waits for a reader."""

    def __init__(self, directory: Path, variables: dict[str, str]) -> None:
        self._directory, self._variables = directory, variables
        self._output = directory / "server.out"
        self._errors = directory / "server.err"
        with self._output.open("wb") as output, self._errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*COMMAND, "serve"],
                cwd=directory,
                env=environment({**time_limits(), **variables}),
                stdout=output,
                stderr=errors,
            )
        self.port = 0
        self.host = "127.0.0.1"
        self.scheme = "https" if "TLS_CERT_FILE" in variables else "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"

    @property
    def database_url(self) -> str:
        """The database of a server whose variables name none."""
        return f"sqlite:///{self._directory / 'data' / 'postern.db'}"

    async def listens(self) -> None:
        await eventually(self._said_where)

    def _said_where(self) -> bool:
        assert self.process.poll() is None, self.log()
        match = re.search(r"listening +\S+:(\d+)", self._output.read_text())
        self.port = int(match.group(1)) if match is not None else 0
        return match is not None

    async def run(self, *arguments: str, **variables: str) -> str:
        """Run a command of the operator beside the server, and return its output."""
        result = await asyncio.to_thread(
            subprocess.run,
            [*COMMAND, *arguments],
            cwd=self._directory,
            env=environment({**self._variables, **variables}),
            check=True,
            capture_output=True,
            text=True,
            timeout=scaled(START_SECONDS),
        )
        return result.stdout

    def log(self) -> str:
        return self._errors.read_text()

    def memory(self) -> int:
        """Return the resident memory in bytes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    async def wait(self) -> int:
        """Wait until the process has ended, and return the exit code."""
        return await asyncio.to_thread(self.process.wait, scaled(START_SECONDS))

    def family(self) -> list[psutil.Process]:
        """Return the process and its workers."""
        if self.process.poll() is not None:
            return []
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def connections(self) -> int:
        """Return the number of connections that the processes have accepted."""
        return sum(
            connection.status == psutil.CONN_ESTABLISHED and connection.laddr.port == self.port
            for process in self.family()
            for connection in process.net_connections("tcp")
        )

    async def kill(self) -> None:
        """Kill the process and its workers with SIGKILL."""
        family = self.family()
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        await self.wait()
        await asyncio.to_thread(psutil.wait_procs, family, scaled(START_SECONDS))

    async def stop(self) -> None:
        """Kill the process; give it time to save its coverage if that is measured."""
        if is_measuring_coverage() and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(self.process.wait, scaled(STOP_SECONDS))
        await self.kill()

    def client(self) -> httpx.AsyncClient:
        return client_of(self.url)


def is_worker(process: psutil.Process) -> bool:
    """Return whether it is a worker of a server. A process that has ended meanwhile is not."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return "app.server.worker" in process.cmdline()
    return False


def client_of(url: str) -> httpx.AsyncClient:
    """Return a client that waits for a free connection without a time limit."""
    timeout = httpx.Timeout(scaled(30), pool=None)
    return httpx.AsyncClient(base_url=url, timeout=timeout, transport=ManyPools())


class ManyPools(httpx.AsyncBaseTransport):
    """A transport over several small pools: one large pool is slow for so many connections."""

    def __init__(self) -> None:
        self._pools = [httpx.AsyncHTTPTransport(verify=False) for _ in range(16)]
        self._turns = cycle(self._pools)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await next(self._turns).handle_async_request(request)

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()


@asynccontextmanager
async def running_server(directory: Path, **variables: str) -> AsyncIterator[Server]:
    """Start a server with these environment variables, in its own directory."""
    async with starting_server(directory, **variables) as server:
        await server.listens()
        yield server


@asynccontextmanager
async def starting_server(directory: Path, **variables: str) -> AsyncIterator[Server]:
    """Start a server as `running_server` does, without waiting until it listens."""
    server = Server(directory, variables)
    try:
        yield server
    finally:
        await server.stop()


class TimeOfTheMachine(FakeClock):
    """The machine's clock, which a server in another process reads, as do codes created for it."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@asynccontextmanager
async def application_of(server: Server) -> AsyncIterator[Application]:
    """Yield the usual helpers for the application of another process."""
    async with application_at(server.url) as app:
        yield app


@asynccontextmanager
async def application_at(url: str) -> AsyncIterator[Application]:
    """Do the same as `application_of` for the URL of a server, or of a proxy in front of it."""
    async with client_of(url) as http:
        yield Application(http, settings_for("sqlite:///of-another-process"), TimeOfTheMachine())


async def run_postern(
    directory: Path, *arguments: str, typed: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; `typed` is its standard input."""
    return await asyncio.to_thread(
        subprocess.run,
        [*COMMAND, *arguments],
        cwd=directory,
        env=environment(variables),
        input=typed,
        capture_output=True,
        text=True,
        timeout=scaled(START_SECONDS),
    )


def time_limits() -> dict[str, str]:
    """Return the default database time limits for a server, scaled to the speed of this machine."""
    return {name.upper(): str(seconds) for name, seconds in database_timeouts().items()}


def environment(variables: dict[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], **run_variables(), **ENVIRONMENT, **variables}
