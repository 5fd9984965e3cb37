"""`python -m benchmarks.workers`: the CPU time of a request with two workers and with one.

Both servers run at the same time on PostgreSQL, each with its own database, and get the same load
in turn. The CPU time is that of all processes of a server, without that of PostgreSQL.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx

from benchmarks import report, servers
from benchmarks.databases import new_database
from benchmarks.measurements import Round, run_round
from benchmarks.registered import Registered
from benchmarks.scenarios import SCENARIOS, Load
from benchmarks.servers import LoadGenerator, Server

CONNECTIONS = 64
WARM_UP_SECONDS = 3.0
"""Long enough for the second worker to start, too."""
CPU_AT_MOST, RATE_AT_LEAST = 1.10, 1.80
FREE_CORES = 6
"""Cores on which two workers, the load generator and PostgreSQL do not wait for each other."""
HEAD = (
    "scenario", "CPU ms/request, one worker", "two", "ratio", "lowest", "highest", "verdict",
    "requests/s, one worker", "two", "ratio", "verdict",
)  # fmt: skip


@dataclass(slots=True)
class Pair:
    """The rounds of a scenario with one worker and with two."""

    scenario: str
    one: list[Round] = field(default_factory=list)
    two: list[Round] = field(default_factory=list)

    def ratios(self, figure: str) -> list[float]:
        return [two[figure] / one[figure] for one, two in zip(self.one, self.two, strict=True)]

    def row(self, cores: int) -> Sequence[str]:
        cpu, rate = self.ratios("cpu_ms"), self.ratios("rate")
        return (
            self.scenario,
            f"{median(each['cpu_ms'] for each in self.one):.4f}",
            f"{median(each['cpu_ms'] for each in self.two):.4f}",
            f"{median(cpu):.3f}",
            f"{min(cpu):.3f}",
            f"{max(cpu):.3f}",
            report.verdict(is_met=median(cpu) <= CPU_AT_MOST),
            f"{median(each['rate'] for each in self.one):,.0f}",
            f"{median(each['rate'] for each in self.two):,.0f}",
            f"{median(rate):.2f}",
            report.verdict(is_met=median(rate) >= RATE_AT_LEAST)
            if cores >= FREE_CORES
            else f"not judged: {cores} cores",
        )


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of a round")
    parser.add_argument(
        "--scenario",
        choices=list(SCENARIOS),
        nargs="+",
        default=["client_credentials", "introspection"],
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 where a row is MISSED")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    print(report.machine_line(), flush=True)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="workers-")))
        generator = stack.enter_context(servers.load_generator())
        one, two = (_started(stack, directory, workers) for workers in (1, 2))
        pairs = [
            _measure(generator, name, one, two, options.rounds, options.seconds)
            for name in options.scenario
        ]
    rows = [pair.row(os.cpu_count() or 1) for pair in pairs]
    print(
        f"\nThe CPU time of a request with two workers may be at most {CPU_AT_MOST:.2f} times that"
        f" with one; the rate must be at least {RATE_AT_LEAST:.2f} times, on {FREE_CORES} cores or"
        " more:\n"
    )
    print(report.table(HEAD, rows))
    return 1 if options.check and any("MISSED" in row for row in rows) else 0


def _started(stack: ExitStack, directory: Path, workers: int) -> tuple[Server, Registered]:
    own = directory / str(workers)
    own.mkdir()
    url = stack.enter_context(new_database(own, "postgresql"))
    variables = {"WORKERS": str(workers)}
    server = stack.enter_context(servers.postern(own, url, variables=variables))
    http = stack.enter_context(httpx.Client(base_url=server.url, timeout=60))
    return server, Registered(http, tokens=CONNECTIONS, database_url=url)


def _measure(
    generator: LoadGenerator,
    name: str,
    one: tuple[Server, Registered],
    two: tuple[Server, Registered],
    rounds: int,
    seconds: float,
) -> Pair:
    pair = Pair(name)
    sides = [
        (server, SCENARIOS[name](registered), figures)
        for (server, registered), figures in ((one, pair.one), (two, pair.two))
    ]
    for server, load, _ in sides:
        _round(generator, server, load, WARM_UP_SECONDS)
    for number in range(rounds):
        for server, load, figures in sides:
            figures.append(_round(generator, server, load, seconds))
        sides.reverse()  # alternates which side goes first
        print(f"{name}: round {number + 1} of {rounds}", flush=True)
    return pair


def _round(generator: LoadGenerator, server: Server, load: Load, seconds: float) -> Round:
    figures = run_round(generator, server, load, connections=CONNECTIONS, seconds=seconds)
    if not figures["completed"]:
        raise RuntimeError(f"no request was answered with 200: {figures['refused']}")
    return figures


if __name__ == "__main__":
    sys.exit(main())
