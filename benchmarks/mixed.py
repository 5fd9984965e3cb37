"""`python -m benchmarks.mixed`: machine tokens alongside sign-ins, registrations and pages.

Machines request tokens without a pause, while 20 users sign in, 20 register and 40 pages are
opened per second. The table shows the machines' waiting time alone and alongside the users.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks import report, servers
from benchmarks.databases import new_database
from benchmarks.measurements import run_round
from benchmarks.registered import PASSWORD, Registered
from benchmarks.scenarios import Load, client_credentials
from benchmarks.servers import LoadGenerator, Server
from tests.support.databases import KINDS

MACHINES = 16
SIGN_INS, REGISTRATIONS, PAGES = 20, 20, 40
"""Per second."""
P99_MS_BELOW = 60.0
"""For the machines beside users; all refused users must get `Retry-After`."""


@dataclass(slots=True)
class Answers:
    """Responses to users: their number by status, and their latency in milliseconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    milliseconds: list[float] = field(default_factory=list)
    without_retry_after: int = 0


class Users:
    """Requests that start at fixed times, whether or not earlier ones were answered."""

    def __init__(self, http: httpx.AsyncClient, registered: Registered) -> None:
        self._http = http
        self._registered = registered
        self._tasks: set[asyncio.Task[None]] = set()
        self.answers = {name: Answers() for name in ("sign-in", "registration", "page")}

    async def come(self, seconds: float) -> None:
        await asyncio.gather(
            self._come("sign-in", SIGN_INS, seconds, self._sign_in),
            self._come("registration", REGISTRATIONS, seconds, self._register),
            self._come("page", PAGES, seconds, self._open_page),
        )
        await asyncio.gather(*self._tasks)

    async def _come(
        self,
        name: str,
        rate: int,
        seconds: float,
        request: Callable[[], Awaitable[httpx.Response]],
    ) -> None:
        started_at = time.perf_counter()
        for number in count():
            start_at = started_at + number / rate
            if start_at > started_at + seconds:
                return
            await asyncio.sleep(max(0.0, start_at - time.perf_counter()))
            task = asyncio.create_task(self._ask(self.answers[name], request))
            self._tasks.add(task)

    async def _ask(
        self, answers: Answers, request: Callable[[], Awaitable[httpx.Response]]
    ) -> None:
        sent_at = time.perf_counter()
        response = await request()
        answers.statuses[response.status_code] += 1
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            answers.without_retry_after += "retry-after" not in response.headers
        else:
            answers.milliseconds.append((time.perf_counter() - sent_at) * 1000)

    async def _sign_in(self) -> httpx.Response:
        client = self._registered.clients[0]
        return await self._http.post("/token", data=self._registered.login(), auth=client)

    async def _register(self) -> httpx.Response:
        user = {"username": f"bench-{secrets.token_hex(8)}", "password": PASSWORD}
        return await self._http.post("/register_user", json=user)

    async def _open_page(self) -> httpx.Response:
        return await self._http.get("/login", headers={"accept": "text/html"})


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mixed", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8.0, help="length of a round")
    parser.add_argument("--database", choices=KINDS, nargs="+", default=KINDS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    print(report.machine_line(), flush=True)
    rows: list[Sequence[str]] = []
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-")))
        generator = stack.enter_context(servers.load_generator())
        for database in options.database:
            url = stack.enter_context(new_database(directory, database))
            with servers.postern(directory, url) as server:
                rows.append(asyncio.run(_measure(options, generator, database, server)))
    head = (
        "database", "p99 ms alone", "p99 ms beside users", "tokens/s", "sign-ins",
        "p50 ms of a sign-in", "registrations", "pages", "503 without Retry-After", "verdict",
    )  # fmt: skip
    print(f"\nThe p99 beside users must be below {P99_MS_BELOW:g} ms:\n")
    print(report.table(head, rows))
    return 0


async def _measure(
    options: argparse.Namespace, generator: LoadGenerator, database: str, server: Server
) -> Sequence[str]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        registered = await asyncio.to_thread(Registered, client, tokens=0)
        load = client_credentials(registered)
    limits = httpx.Limits(max_connections=500)
    async with httpx.AsyncClient(base_url=server.url, timeout=60, limits=limits) as http:
        users = Users(http, registered)
        await asyncio.to_thread(_round, generator, server, load, 1.0)
        alone_p99, mixed_p99, rates = [], [], []
        for _ in range(options.rounds):
            figures = await asyncio.to_thread(_round, generator, server, load, options.seconds / 4)
            alone_p99.append(figures["p99_ms"])
            figures, _ = await asyncio.gather(
                asyncio.to_thread(_round, generator, server, load, options.seconds),
                users.come(options.seconds),
            )
            mixed_p99.append(figures["p99_ms"])
            rates.append(figures["rate"])
    sign_in_ms = users.answers["sign-in"].milliseconds
    without_retry_after = sum(each.without_retry_after for each in users.answers.values())
    is_met = median(mixed_p99) < P99_MS_BELOW and without_retry_after == 0
    return (
        database,
        f"{median(alone_p99):.1f}",
        f"{median(mixed_p99):.1f} ({min(mixed_p99):.1f} to {max(mixed_p99):.1f})",
        f"{median(rates):,.0f}",
        *(_statuses(users.answers["sign-in"]), f"{median(sign_in_ms or [0]):.0f}"),
        _statuses(users.answers["registration"]),
        _statuses(users.answers["page"]),
        str(without_retry_after),
        report.verdict(is_met=is_met),
    )


def _statuses(answers: Answers) -> str:
    return ", ".join(f"{number} x {status}" for status, number in sorted(answers.statuses.items()))


def _round(generator: LoadGenerator, server: Server, load: Load, seconds: float) -> dict[str, Any]:
    return run_round(generator, server, load, connections=MACHINES, seconds=seconds)


if __name__ == "__main__":
    sys.exit(main())
