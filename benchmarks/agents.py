"""`python -m benchmarks.agents`: floods of requests for client documents beside client_credentials.

In a round, anonymous browsers send 1,000 authorization requests, and each names the document of
another host. They come from one network or from as many networks, and the hosts answer or accept
connections without ever answering. Rounds with and without floods alternate.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from app.oauth.client_documents.budgets import AT_ONCE, OF_ONE_NETWORK
from benchmarks import report, servers
from benchmarks.databases import new_database
from benchmarks.document_hosts import DocumentHosts, host, make_certificates, running_hosts
from benchmarks.http_text import page
from benchmarks.measurements import Round, run_round
from benchmarks.registered import Registered
from benchmarks.scenarios import Load, client_credentials
from benchmarks.servers import LoadGenerator, Server
from tests.support.application import TestClient
from tests.support.client_documents import CALLBACK
from tests.support.databases import KINDS
from tests.support.visitor import query

REQUESTS, CONNECTIONS = 1_000, 64
FLOOD_CONNECTIONS = 32
FLOOD_SHARE = 0.9
"""Share of a round in which the requests of a flood start."""
FLOODS = 5
SLOWER_AT_MOST = 1.10
REDIRECT, REFUSED, BUSY = "303", "400", "503"
HEAD = (
    "database", "requests from", "hosts", "p50 ms alone", "beside", "p99 ms alone", "beside",
    "ratio", "fetches a round", "most open", "budget", "answers a round", "verdict",
)  # fmt: skip
EXPLANATION = (
    f"client_credentials at {CONNECTIONS} connections beside {REQUESTS:,} authorization requests"
    f" in a round. The p99 beside them may be at most {SLOWER_AT_MOST:.2f} times that alone (median"
    " of the rounds), and no more connections than the budget may be open at the same time. The"
    " requests of unknown clients fetch nothing: they show what as many error pages cost."
)


@dataclass(slots=True)
class Flood:
    """Requests of one kind; without hosts, they name clients that do not exist."""

    number: int
    hosts: DocumentHosts | None
    networks: int
    rounds: list[Round] = field(default_factory=list)
    statuses: list[dict[str, int]] = field(default_factory=list)

    @property
    def budget(self) -> int:
        """Return how many connections one process may open at the same time."""
        if self.hosts is None:
            return 0
        return OF_ONE_NETWORK if self.networks == 1 else AT_ONCE

    @property
    def expected(self) -> set[str]:
        if self.hosts is None:
            return {REFUSED}
        return {REDIRECT if self.hosts.is_answering else REFUSED, BUSY}

    @property
    def answered(self) -> int:
        """Return the number of requests in the round with the fewest."""
        return min(sum(each.values()) for each in self.statuses)

    def requests(self, number: int) -> list[str]:
        """Return the requests of a round, which has URLs and networks of its own."""
        return [
            page(
                f"/authorize?{_query(self._client_id(each, number))}",
                address=self._address(number, each % self.networks),
            )
            for each in range(REQUESTS)
        ]

    def _address(self, number: int, network: int) -> str:
        return f"10.{(FLOODS * number + self.number) % 256}.{network // 256}.{network % 256}"

    def _client_id(self, each: int, number: int) -> str:
        if self.hosts is None:
            return f"unknown-{number}-{each}"
        return self.hosts.url(each, f"/{self.networks}/{number}/client.json")


def _query(client_id: str) -> str:
    return query(TestClient(client_id, ""), redirect_uri=CALLBACK)


def verdict(ratio: float, *, most_open: int, budget: int, answered: int) -> str:
    """Return whether a flood was harmless; a machine too busy to answer all of it cannot show it.

    `answered` is the number of requests in the round with the fewest.
    """
    is_harmless = ratio <= SLOWER_AT_MOST and most_open <= budget
    if is_harmless and answered < REQUESTS:
        return f"not judged: {answered:,} requests"
    return report.verdict(is_met=is_harmless)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agents", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="of each flood, and without")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of a round")
    parser.add_argument("--database", choices=KINDS, nargs="+", default=KINDS)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a row is MISSED")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    print(report.machine_line(), flush=True)
    rows = [
        row for kind in options.database for row in measure(kind, options.rounds, options.seconds)
    ]
    print(f"\n{EXPLANATION} A round takes {options.seconds:g} s.\n")
    print(report.table(HEAD, rows))
    return 1 if options.check and any(row[-1] == "MISSED" for row in rows) else 0


def measure(kind: str, rounds: int, seconds: float) -> list[Sequence[str]]:
    """Return the rows of a database."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="agents-")))
        made = make_certificates(directory)
        kinds = product((1, REQUESTS), (made.server_context(), None))
        floods = [
            Flood(number, stack.enter_context(running_hosts(context)), networks)
            for number, (networks, context) in enumerate(kinds)
        ]
        floods.append(Flood(len(floods), None, REQUESTS))
        variables = {
            "CLIENT_DOCUMENTS": "all",
            "TRUSTED_PROXIES": "127.0.0.1",
            "OUTBOUND_ALLOWED_HOSTS": ",".join(host(number) for number in range(REQUESTS)),
            "OUTBOUND_CA_FILE": str(made.authority),
        }
        url = stack.enter_context(new_database(directory, kind))
        server = stack.enter_context(servers.postern(directory, url, variables=variables))
        http = stack.enter_context(httpx.Client(base_url=server.url, timeout=60))
        load = client_credentials(Registered(http, tokens=0))
        generator = stack.enter_context(servers.load_generator())
        flooding = stack.enter_context(servers.load_generator())
        alone: list[Round] = []
        _alone(generator, server, load, 1.0)  # warms up caches
        for number in range(rounds):
            turns = [None, *floods]
            first = number % len(turns)
            for flood in turns[first:] + turns[:first]:  # each is the first one once
                if flood is None:
                    alone.append(_alone(generator, server, load, seconds))
                else:
                    requests = flood.requests(number)
                    figures = _beside(generator, flooding, server, load, flood, requests, seconds)
                    flood.rounds.append(figures)
            print(f"{kind}: round {number + 1} of {rounds}", flush=True)
    return [_row(kind, flood, alone) for flood in floods]


def _alone(generator: LoadGenerator, server: Server, load: Load, seconds: float) -> Round:
    return run_round(generator, server, load, connections=CONNECTIONS, seconds=seconds)


def _beside(
    generator: LoadGenerator,
    flooding: LoadGenerator,
    server: Server,
    load: Load,
    flood: Flood,
    requests: list[str],
    seconds: float,
) -> Round:
    """Return the figures of tokens beside a flood, and store how the flood was answered."""
    with ThreadPoolExecutor(1) as threads:
        answers = threads.submit(
            flooding.run,
            server,
            requests=requests,
            is_once=True,
            connections=FLOOD_CONNECTIONS,
            seconds=seconds,
            rate=REQUESTS / (seconds * FLOOD_SHARE),
            is_patient=False,
        )
        figures = _alone(generator, server, load, seconds)
        flood_figures: dict[str, Any] = answers.result()
    statuses = flood_figures["refused"]
    if flood_figures["completed"] or not set(statuses) <= flood.expected:
        raise RuntimeError(f"the flood was answered otherwise: {flood_figures}")
    flood.statuses.append(statuses)
    return figures


def _row(kind: str, flood: Flood, alone: Sequence[Round]) -> Sequence[str]:
    pairs = zip(flood.rounds, alone, strict=True)
    ratio = median(beside["p99_ms"] / without["p99_ms"] for beside, without in pairs)
    if flood.hosts is None:
        name, fetches, most_open = "none: unknown clients", 0.0, 0
    else:
        name = "answer" if flood.hosts.is_answering else "never answer"
        fetches, most_open = flood.hosts.connections / len(alone), flood.hosts.most_open
    answers = {
        status: median(each.get(status, 0) for each in flood.statuses)
        for status in sorted(flood.expected)
    }
    return (
        kind,
        "one network" if flood.networks == 1 else f"{flood.networks:,} networks",
        name,
        f"{median(each['p50_ms'] for each in alone):.1f}",
        f"{median(each['p50_ms'] for each in flood.rounds):.1f}",
        f"{median(each['p99_ms'] for each in alone):.1f}",
        f"{median(each['p99_ms'] for each in flood.rounds):.1f}",
        f"{ratio:.2f}",
        f"{fetches:.0f}",
        str(most_open),
        str(flood.budget),
        ", ".join(f"{count:.0f} x {status}" for status, count in answers.items()),
        "-"
        if flood.hosts is None
        else verdict(ratio, most_open=most_open, budget=flood.budget, answered=flood.answered),
    )


if __name__ == "__main__":
    sys.exit(main())
