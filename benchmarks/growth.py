"""`python -m benchmarks.growth`: compare the cost of a large database with a small one.

Each size has its own server, with housekeeping, and all are measured in alternating rounds.
Sign-out and deletion of an account are measured as their steps in the database.
"""

import argparse
import asyncio
import tempfile
import time
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import httpx
import psutil

from app.database.database import Database
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.accounts import AccountRepository
from app.repositories.accounts.sessions import SessionRepository
from app.settings import Settings
from app.wiring import make_backend
from benchmarks import ceiling, servers
from benchmarks.databases import new_database
from benchmarks.growth_rows import grow, postmaster
from benchmarks.load_generator import quantile
from benchmarks.measurements import Subject, run_round
from benchmarks.registered import Registered
from benchmarks.scenarios import SCENARIOS, Load
from benchmarks.servers import LoadGenerator, Server
from tests.support.databases import KINDS

SIZES = (1_000, 100_000, 1_000_000, 10_000_000)
REQUESTS = ("client_credentials", "introspection", "refresh", "password")
STEPS = ("log-out", "account deletion")
STEPS_A_ROUND = 20
AT_MOST, AT_MOST_P99 = 1.25, 1.5
Figures = dict[str, float]


@dataclass
class Grown:
    """A database of one size and its server; `figures` has an entry per round for each name."""

    size: int
    url: str
    server: Server
    loads: dict[str, Load]
    postmaster: psutil.Process | None  # None for SQLite, which runs in the server's process
    used: int = 0
    figures: dict[str, list[Figures]] = field(default_factory=lambda: defaultdict(list))

    def median(self, name: str, figure: str) -> float:
        return median(round_figures[figure] for round_figures in self.figures[name])


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="access tokens")
    parser.add_argument("--database", choices=KINDS, nargs="+", default=KINDS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a round")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a row is MISSED")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    is_within = True
    for kind in options.database:
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="growth-")))
            generator = stack.enter_context(servers.load_generator())
            bare = stack.enter_context(
                servers.uvicorn(directory, "benchmarks.ceiling:app", first_request=ceiling.REQUEST)
            )
            databases = [
                _grown(stack, directory / str(size), kind, size, options.connections)
                for size in sorted(options.sizes)
            ]
            for number in range(options.rounds):
                for grown in databases:
                    _measure(grown, generator, bare, options)
                print(f"{kind}: round {number + 1} of {options.rounds}", flush=True)
            is_within = _print_table(kind, databases) and is_within
    return 1 if options.check and not is_within else 0


def _grown(stack: ExitStack, directory: Path, kind: str, size: int, connections: int) -> Grown:
    directory.mkdir()
    url = stack.enter_context(new_database(directory, kind))
    with servers.postern(directory, url):
        pass  # creates the schema
    started_at = time.perf_counter()
    asyncio.run(grow(url, size))
    print(f"{kind}: {size:,} tokens in {time.perf_counter() - started_at:.0f} s", flush=True)
    server = stack.enter_context(servers.postern(directory, url))
    http = stack.enter_context(httpx.Client(base_url=server.url, timeout=60))
    registered = Registered(http, tokens=connections)
    loads = {name: SCENARIOS[name](registered) for name in REQUESTS}
    parent = None if kind == "sqlite" else asyncio.run(postmaster(url))
    return Grown(size, url, server, loads, parent)


def _measure(
    grown: Grown, generator: LoadGenerator, bare: Server, options: argparse.Namespace
) -> None:
    """Run one round of everything, with the ceiling before and after each load."""
    for name, load in grown.loads.items():
        ceiling_before = _ceiling(generator, bare, options)
        database = _database_seconds(grown.postmaster)
        figures = run_round(
            generator,
            grown.server,
            load,
            connections=options.connections,
            seconds=options.seconds,
        )
        database = _database_seconds(grown.postmaster) - database
        ratio = figures["rate"] / ((ceiling_before + _ceiling(generator, bare, options)) / 2)
        completed = max(1, figures["completed"])
        grown.figures[name].append(
            {
                "rate": ratio,
                "server": figures["cpu_seconds"] * 1000 / completed,
                "database": database * 1000 / completed,
                "p99": figures["p99_ms"],
            }
        )
    asyncio.run(_measure_steps(grown))


def _ceiling(generator: LoadGenerator, bare: Server, options: argparse.Namespace) -> float:
    subject = Subject("ceiling", bare, Load([ceiling.REQUEST]))
    figures = run_round(
        generator,
        subject.server,
        subject.load,
        connections=options.connections,
        seconds=options.seconds / 4,
    )
    return float(figures["rate"])


async def _measure_steps(grown: Grown) -> None:
    settings = Settings(database_url=grown.url, app_env="development", secret_key="x" * 32)
    database = Database(make_backend(settings))
    sessions, accounts = SessionRepository(database), AccountRepository(database)
    now = datetime.now(UTC)
    first = grown.used + 1
    grown.used += 2 * STEPS_A_ROUND
    steps: dict[str, Callable[[int], Awaitable[object]]] = {
        STEPS[0]: lambda number: sessions.end(
            f"session-{number}", is_full=True, now=now, event=_event(now)
        ),
        STEPS[1]: lambda number: accounts.delete(
            f"grown-{number}", is_full=True, now=now, events=[_event(now)]
        ),
    }
    try:
        await sessions.end("none", is_full=True, now=now, event=_event(now))  # opens the connection
        for index, (name, step) in enumerate(steps.items()):
            numbers = range(first + index * STEPS_A_ROUND, first + (index + 1) * STEPS_A_ROUND)
            latencies, used = [], _database_seconds(grown.postmaster)
            for number in numbers:
                started_at = time.perf_counter()
                await step(number)
                latencies.append(time.perf_counter() - started_at)
            grown.figures[name].append(
                {
                    "rate": STEPS_A_ROUND / sum(latencies),
                    "database": (_database_seconds(grown.postmaster) - used) * 1000 / STEPS_A_ROUND,
                    "p99": quantile(latencies, 0.99) * 1000,
                }
            )
    finally:
        await database.close()


def _event(now: datetime) -> NewEvent:
    return NewEvent(
        event_id=uuid.uuid4().hex,
        at=now,
        action="benchmark.step",
        outcome="success",
        actor="operator:benchmark",
        user_id=None,
        client_id=None,
        address="",
        request_id="",
        details="{}",
        is_preparation=False,
    )


def _database_seconds(postmaster: psutil.Process | None) -> float:
    """Return the CPU time of a PostgreSQL server, including processes that have ended."""
    if postmaster is None:
        return 0.0
    cpu = postmaster.cpu_times()
    total = cpu.user + cpu.system + cpu.children_user + cpu.children_system
    for process in postmaster.children():
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system
    return float(total)


def _print_table(kind: str, databases: Sequence[Grown]) -> bool:
    """Print the cost of each size relative to the smallest; return whether all meet the limits."""
    small, is_within = databases[0], True
    print("| database | what | tokens | rate | server CPU | database CPU | p99 | verdict |")
    print("|---|---|---|---|---|---|---|---|")
    for name in (*REQUESTS, *STEPS):
        for grown in databases:
            if not small.median(name, "rate") or not grown.median(name, "rate"):
                print(f"| {kind} | {name} | {grown.size:,} | no answer 200 | - | - | - | MISSED |")
                is_within = False
                continue
            slower = small.median(name, "rate") / grown.median(name, "rate")
            costs = [slower]
            cells = [f"{1 / slower:.2f}"]
            for figure in ("server", "database"):
                is_known = figure == "server" or kind == "postgresql"
                if not (is_known and figure in small.figures[name][0]):
                    cells.append("-")
                    continue
                costs.append(grown.median(name, figure) / max(small.median(name, figure), 1e-6))
                cells.append(f"{costs[-1]:.2f} x")
            p99 = grown.median(name, "p99") / small.median(name, "p99")
            verdict = max(costs) <= AT_MOST and p99 <= AT_MOST_P99
            is_within = is_within and verdict
            cells.append(f"{grown.median(name, 'p99'):.1f} ms ({p99:.2f} x)")
            print(
                f"| {kind} | {name} | {grown.size:,} | {' | '.join(cells)} |"
                f" {'within' if verdict else 'MISSED'} |",
                flush=True,
            )
    return is_within


if __name__ == "__main__":
    raise SystemExit(main())
