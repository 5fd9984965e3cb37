"""`python -m benchmarks.against REF`: compare this checkout with an earlier commit.

Use `--recorded` instead of a commit for the one that `make bench` measured last.

Both servers run at the same time, each with one worker and its own database, and get the same
load in turn. The result is the CPU time of the server process per request, which hardly changes
when other programs use the machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import httpx

from benchmarks import recorded, report, servers
from benchmarks.databases import new_database
from benchmarks.measurements import run_round
from benchmarks.registered import Registered
from benchmarks.scenarios import SCENARIOS, Load
from benchmarks.servers import LoadGenerator, Server
from tests.support.databases import KINDS

CONNECTIONS = 64
CORES = 2
DEFAULT_SCENARIOS = ["client_credentials", "introspection_group"]


@dataclass(slots=True)
class Comparison:
    """CPU milliseconds per request in each round, at the earlier commit and in this one."""

    database: str
    scenario: str
    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        return [after / before for before, after in zip(self.before, self.after, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.against", description=__doc__)
    earlier = parser.add_mutually_exclusive_group(required=True)
    earlier.add_argument("ref", nargs="?", help="the commit, branch or tag to compare with")
    earlier.add_argument("--recorded", action="store_true", help="the commit measured last")
    parser.add_argument(
        "--limit", type=float, help="fail where a row is higher in two measurements, as in 1.15"
    )
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a round")
    parser.add_argument("--database", choices=KINDS, nargs="+", default=KINDS)
    parser.add_argument("--scenario", choices=list(SCENARIOS), nargs="+", default=DEFAULT_SCENARIOS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    if options.recorded:
        options.ref = recorded.read()
        if reason := _why_not(options.ref):
            print(f"not compared with {options.ref}: {reason}")
            return 0
    print(report.machine_line(), flush=True)
    comparisons: list[Comparison] = []
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-")))
        earlier = stack.enter_context(_checkout(options.ref, directory / "earlier"))
        generator = stack.enter_context(servers.load_generator())

        def compare(database: str, scenarios: Sequence[str], rounds: int) -> list[Comparison]:
            return _compare(options, directory, earlier, generator, database, scenarios, rounds)

        for database in options.database:
            comparisons += compare(database, options.scenario, options.rounds)
        print(_table(options.ref, comparisons), flush=True)
        beyond = beyond_limit_twice(comparisons, options.limit, options.rounds, compare)
    for comparison in beyond:
        print(f"more than {options.limit:g} times the CPU a request: {_line(comparison)}")
    return 1 if beyond else 0


def beyond_limit_twice(
    comparisons: Sequence[Comparison],
    limit: float | None,
    rounds: int,
    compare: Callable[[str, Sequence[str], int], list[Comparison]],
) -> list[Comparison]:
    """Measure the rows beyond the limit again; return those that still are.

    The second measurement has new servers and twice the rounds: a busy moment of the machine, or
    an unlucky memory layout of a process, affects one measurement but rarely both.
    """
    if limit is None:
        return []
    beyond: list[Comparison] = []
    for database in dict.fromkeys(comparison.database for comparison in comparisons):
        suspects = {
            comparison.scenario: comparison.ratio
            for comparison in comparisons
            if comparison.database == database and comparison.ratio > limit
        }
        if not suspects:
            continue
        print(f"measured again, beyond {limit:g}: {database} {', '.join(suspects)}", flush=True)
        for repeated in compare(database, list(suspects), 2 * rounds):
            is_beyond = repeated.ratio > limit
            print(
                f"{database} {repeated.scenario}: {suspects[repeated.scenario]:.3f}, then"
                f" {repeated.ratio:.3f}: {'beyond' if is_beyond else 'within'} {limit:g}",
                flush=True,
            )
            if is_beyond:
                beyond.append(repeated)
    return beyond


def _why_not(ref: str | None) -> str | None:
    """Return why a comparison would be meaningless, or None."""
    if ref is None:
        return "`make bench` has recorded none"
    if not recorded.is_in_history(ref):
        return "this checkout does not have that commit"
    if (os.cpu_count() or 1) < CORES:
        return f"server, load generator and database need {CORES} cores"
    return None


@contextmanager
def _checkout(ref: str, directory: Path) -> Iterator[Path]:
    """Check out a commit in a temporary working tree."""
    git = ["git", "-C", str(servers.ROOT), "worktree"]
    subprocess.run([*git, "add", "--quiet", "--detach", str(directory), ref], check=True)
    try:
        yield directory
    finally:
        subprocess.run([*git, "remove", "--force", str(directory)], check=True)


def _compare(
    options: argparse.Namespace,
    directory: Path,
    earlier: Path,
    generator: LoadGenerator,
    database: str,
    scenarios: Sequence[str],
    rounds: int,
) -> list[Comparison]:
    with ExitStack() as stack:

        def started(name: str, root: Path) -> tuple[Server, Registered]:
            database_directory = Path(tempfile.mkdtemp(prefix=f"{database}-{name}-", dir=directory))
            url = stack.enter_context(new_database(database_directory, database))
            server = stack.enter_context(servers.postern(database_directory, url, root=root))
            http = stack.enter_context(httpx.Client(base_url=server.url, timeout=30))
            return server, Registered(http, tokens=CONNECTIONS, database_url=url)

        then, now = started("before", earlier), started("after", servers.ROOT)
        return [
            _measure(generator, Comparison(database, name), then, now, rounds, options.seconds)
            for name in scenarios
        ]


def _measure(
    generator: LoadGenerator,
    comparison: Comparison,
    then: tuple[Server, Registered],
    now: tuple[Server, Registered],
    rounds: int,
    seconds: float,
) -> Comparison:
    scenario = SCENARIOS[comparison.scenario]
    sides = [
        (then[0], scenario(then[1]), comparison.before),
        (now[0], scenario(now[1]), comparison.after),
    ]
    for server, load, _ in sides:
        _cpu_milliseconds(generator, server, load, seconds / 2)  # warms up caches and pools
    for _ in range(rounds):
        for server, load, figures in sides:
            figures.append(_cpu_milliseconds(generator, server, load, seconds))
        sides.reverse()  # alternates which side goes first
    print(_line(comparison), flush=True)
    return comparison


def _cpu_milliseconds(
    generator: LoadGenerator, server: Server, load: Load, seconds: float
) -> float:
    figures = run_round(generator, server, load, connections=CONNECTIONS, seconds=seconds)
    if figures["cpu_ms"] is None:
        raise RuntimeError(f"no request was answered with 200: {figures['refused']}")
    return float(figures["cpu_ms"])


def _line(each: Comparison) -> str:
    return (
        f"{each.database:10} {each.scenario:19} {median(each.before):.4f} ms before,"
        f" {median(each.after):.4f} ms now, ratio {each.ratio:.3f}"
    )


def _table(ref: str, comparisons: Sequence[Comparison]) -> str:
    head = ("database", "scenario", f"CPU ms/request at {ref}", "now", "ratio", "lowest", "highest")
    rows = [
        (
            comparison.database,
            comparison.scenario,
            f"{median(comparison.before):.4f}",
            f"{median(comparison.after):.4f}",
            f"{comparison.ratio:.3f}",
            f"{min(comparison.ratios):.3f}",
            f"{max(comparison.ratios):.3f}",
        )
        for comparison in comparisons
    ]
    return "\n" + report.table(head, rows)


if __name__ == "__main__":
    sys.exit(main())
