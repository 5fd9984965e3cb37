"""Measurement of the start: idle memory, and the time to the first token."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import servers
from benchmarks.servers import Server

SETTLE_SECONDS = 1.0
SECOND_WORKER_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Startup:
    """Resident memory in MB (10^6 bytes) before any load, and seconds from spawn to a token.

    The first start also creates the tables. Two workers and their supervisor share pages, which are
    counted once (PSS).
    """

    database: str
    first_start_mb: float
    idle_mb: float
    two_workers_mb: float
    first_token_seconds: float


def measure_startup(
    directory: Path,
    database: str,
    url: str,
    *,
    prepare: Callable[[Server], str],
    times: int,
) -> Startup:
    """Start the server on an empty database, then again; `prepare` returns a token request."""
    with servers.postern(directory, url) as server:
        first_start_mb = _idle_megabytes(server)
        request = prepare(server)
    with servers.postern(directory, url) as server:
        idle_mb = _idle_megabytes(server)
    with servers.postern(directory, url, variables={"WORKERS": "2"}) as server:
        time.sleep(SECOND_WORKER_SECONDS)
        two_workers_mb = server.shared_megabytes()
    seconds = []
    for _ in range(times):
        with servers.postern(directory, url, first_request=request) as server:
            seconds.append(server.seconds_to_answer)
    return Startup(database, first_start_mb, idle_mb, two_workers_mb, median(seconds))


def _idle_megabytes(server: Server) -> float:
    time.sleep(SETTLE_SECONDS)
    return server.resident_megabytes()
