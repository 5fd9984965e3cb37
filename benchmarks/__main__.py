"""`python -m benchmarks`: measure everything on both databases and print the tables."""

import argparse
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar

import httpx

from benchmarks import ceiling, recorded, report, servers
from benchmarks.databases import new_database
from benchmarks.measurements import Bench, Cell, Subject
from benchmarks.registered import Registered
from benchmarks.scenarios import SCENARIOS, client_credentials
from benchmarks.servers import Server
from benchmarks.startup import Startup, measure_startup
from tests.support.databases import KINDS

Number = TypeVar("Number", int, float)
CONNECTIONS = (1, 16, 64, 256)
NAIVE = "naive FastAPI + ORM"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds, 64 connections only")
    parser.add_argument(
        "--seconds", type=_positive(float), help="length of a round (0.8; quick: 0.5)"
    )
    parser.add_argument(
        "--rounds", type=_positive(int), help="how many (5 at 64 connections; else, and quick: 3)"
    )
    parser.add_argument(
        "--connections", type=_positive(int), nargs="+", metavar="N", help="1 16 64 256"
    )
    parser.add_argument("--database", choices=KINDS, nargs="+", default=KINDS)
    parser.add_argument("--scenario", choices=list(SCENARIOS), nargs="+", default=list(SCENARIOS))
    options = parser.parse_args(arguments)
    options.is_complete = not (sys.argv[1:] if arguments is None else arguments)
    options.seconds = options.seconds or (0.5 if options.quick else 0.8)
    default = (report.TARGET_CONNECTIONS,) if options.quick else CONNECTIONS
    options.connections = sorted(set(options.connections or default))
    return options


def _positive(kind: Callable[[str], Number]) -> Callable[[str], Number]:
    def number(text: str) -> Number:
        value = kind(text)
        if value <= 0:
            raise ValueError
        return value

    return number


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):  # as an exception, so that the servers stop, too
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    machine = report.machine_line()
    print(machine, flush=True)
    cells: list[Cell] = []
    startups: list[Startup] = []
    with ExitStack() as stack:
        temporary = stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-"))
        directory = Path(temporary)
        bench = Bench(
            stack.enter_context(servers.load_generator()),
            stack.enter_context(
                servers.uvicorn(directory, "benchmarks.ceiling:app", first_request=ceiling.REQUEST)
            ),
            options.seconds,
            lambda cell: print(report.progress_line(cell), flush=True),
        )
        for database in options.database:
            url = stack.enter_context(new_database(directory, database))
            startup, new_cells = _measure_database(options, bench, directory, database, url)
            startups.append(startup)
            cells += new_cells
    _print_report(machine, cells, startups)
    if options.is_complete:
        print(f"Commit: {recorded.write()}, now recorded in {recorded.RECORD.name}")
    return 0


def _measure_database(
    options: argparse.Namespace, bench: Bench, directory: Path, database: str, url: str
) -> tuple[Startup, list[Cell]]:
    """Measure the start-up, then every scenario at each number of connections."""

    def request_for_a_token(server: Server) -> str:
        with httpx.Client(base_url=server.url, timeout=30) as http:
            return client_credentials(Registered(http, tokens=0)).requests[0]

    startup = measure_startup(
        directory, database, url, prepare=request_for_a_token, times=1 if options.quick else 3
    )
    print(report.startup_line(startup), flush=True)
    cells: list[Cell] = []
    with ExitStack() as stack:
        server = stack.enter_context(servers.postern(directory, url))
        http = stack.enter_context(httpx.Client(base_url=server.url, timeout=30))
        registered = Registered(http, tokens=max(options.connections), database_url=url)
        subjects = [
            Subject(name, server, scenario(registered))
            for name, scenario in SCENARIOS.items()
            if name in options.scenario
        ]
        naive = []
        if "client_credentials" in options.scenario:
            naive = [stack.enter_context(_naive(directory, url, registered))]
        for connections in options.connections:
            has_targets = connections == report.TARGET_CONNECTIONS
            cells += bench.measure(
                database,
                [*(naive if has_targets else []), *subjects],
                connections=connections,
                rounds=options.rounds or (5 if has_targets and not options.quick else 3),
            )
        print(f"{database:10} {server.resident_megabytes():.1f} MB after the load", flush=True)
    return startup, cells


@contextmanager
def _naive(directory: Path, url: str, registered: Registered) -> Iterator[Subject]:
    """Run a naive implementation on the same database, for comparison."""
    load = client_credentials(registered)
    with servers.uvicorn(
        directory, "benchmarks.naive:app", database_url=url, first_request=load.requests[0]
    ) as server:
        yield Subject(NAIVE, server, load)


def _print_report(machine: str, cells: list[Cell], startups: list[Startup]) -> None:
    print(f"\n{machine} {report.hash_line(cells)}\n")
    print(report.results_table(cells))
    print(f"\nTargets, at {report.TARGET_CONNECTIONS} connections:\n")
    print(report.targets_table(cells, startups))
    bare = servers.bare_signature_milliseconds(seconds=1)
    print(f"\nSigned tokens. {report.signature_line(bare)}\n")
    print(report.signature_table(cells, bare))
    print(f"\nEvery round: {report.write_json(machine, cells, startups)}")


if __name__ == "__main__":
    sys.exit(main())
