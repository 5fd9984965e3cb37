"""Nobody reads the log: the server goes on serving, and ends when it is told to."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from tests.cli.processes import COMMAND, environment
from tests.support.machine import scaled
from tests.support.ports import free_port

SMALLEST_PIPE = 4096
REQUESTS = 200
LONG_PATH = "/" + "x" * 180


class UnreadServer:
    """`postern serve` with a small pipe for its log, which nobody reads yet."""

    def __init__(self, directory: Path, workers: str) -> None:
        self.port = free_port()
        self.read_end, write_end = os.pipe()
        fcntl.fcntl(write_end, fcntl.F_SETPIPE_SZ, SMALLEST_PIPE)
        variables = {"PORT": str(self.port), "WORKERS": workers, "ACCESS_LOG": "1"}
        self.process = subprocess.Popen(
            [*COMMAND, "serve"],
            cwd=directory,
            env=environment(directory, variables),
            stdout=subprocess.DEVNULL,
            stderr=write_end,
        )
        os.close(write_end)

    def client(self) -> httpx.Client:
        return httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            timeout=scaled(30),
            transport=httpx.HTTPTransport(retries=8),
        )

    def rest_of_the_log(self) -> str:
        with os.fdopen(self.read_end, "rb") as reader:
            return reader.read().decode()

    def kill(self) -> None:
        if self.process.poll() is None:
            family = [self.process, *psutil.Process(self.process.pid).children(recursive=True)]
            for each in family:
                each.kill()
            self.process.wait()


@contextmanager
def unread_server(directory: Path, workers: str) -> Iterator[UnreadServer]:
    server = UnreadServer(directory, workers)
    try:
        yield server
    finally:
        server.kill()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.slow
def test_an_unread_log_blocks_neither_requests_nor_the_shutdown(
    tmp_path: Path, workers: str
) -> None:
    with unread_server(tmp_path, workers) as server:
        with server.client() as http:
            statuses = {http.get(LONG_PATH).status_code for _ in range(REQUESTS)}
            alive = http.get("/health/live")
            server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(timeout=scaled(30))

    assert statuses == {404}
    assert alive.status_code == 200
    assert code in (0, -signal.SIGTERM)


@pytest.mark.slow
def test_buffered_log_lines_are_complete_when_they_are_read(tmp_path: Path) -> None:
    with unread_server(tmp_path, "1") as server:
        with server.client() as http:
            ids = [http.get(LONG_PATH).headers["x-request-id"] for _ in range(REQUESTS)]
            server.process.send_signal(signal.SIGTERM)
        log = server.rest_of_the_log()
        server.process.wait(timeout=scaled(30))

    accessed = [line.split()[-1] for line in log.splitlines() if " GET " in line]
    assert accessed == ids
    assert "dropped" not in log
