"""A flood of refusals beside client_credentials: what collecting and storing them costs.

Each of two servers has its own database. One stores refusals, and the other has
`REFUSALS_KEPT=0`. Rounds alternate, so that a busy machine affects all of them equally.
"""

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks import servers
from benchmarks.databases import new_database
from benchmarks.http_text import post
from benchmarks.measurements import run_round
from benchmarks.registered import Registered
from benchmarks.scenarios import Load, client_credentials
from benchmarks.servers import LoadGenerator, Server

REFUSALS, CONNECTIONS = 1_000, 64
FLOOD_CONNECTIONS = 32
AT_LEAST = 0.97
STORED, NOT_STORED = "stored", "not stored"
EXPLANATION = (
    f"client_credentials beside {REFUSALS:,} refusals a second. The refused requests themselves"
    " take CPU time, so the rate beside them is lower than alone; the last ratio compares it with"
    f" the same flood that is not stored, and must be at least {AT_LEAST:.2f}:"
)
HEAD = (
    "database", "refusals a second", "tokens/s alone", "beside refusals", "ratio to alone",
    "beside refusals not stored", "ratio to not stored", "verdict",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flooded:
    """A server with its loads."""

    server: Server
    tokens: Load
    refused: list[str]


def measure(kind: str, rounds: int, seconds: float) -> Sequence[str]:
    """Return the row of a database."""
    rates: defaultdict[str, list[float]] = defaultdict(list)
    floods: list[float] = []
    with ExitStack() as stack:
        generator = stack.enter_context(servers.load_generator())
        flooding = stack.enter_context(servers.load_generator())
        both = {
            name: _flooded(stack, kind, kept=kept)
            for name, kept in ((STORED, 10_000), (NOT_STORED, 0))
        }
        for flooded in both.values():
            _alone(generator, flooded, 1.0)  # warms up caches
        for number in range(rounds):
            order = list(both) if number % 2 else list(reversed(both))
            for name in order:
                rates[f"alone, {name}"].append(_alone(generator, both[name], seconds))
                rate, refused = _beside(generator, flooding, both[name], seconds)
                rates[name].append(rate)
                floods.append(refused)
            print(f"{kind}: round {number + 1} of {rounds} of refusals", flush=True)
    alone = median(rates[f"alone, {STORED}"] + rates[f"alone, {NOT_STORED}"])
    stored, not_stored = median(rates[STORED]), median(rates[NOT_STORED])
    ratio = median(one / other for one, other in zip(rates[STORED], rates[NOT_STORED], strict=True))
    return (
        kind,
        f"{median(floods):,.0f}",
        f"{alone:,.0f}",
        f"{stored:,.0f}",
        f"{stored / alone:.2f}",
        f"{not_stored:,.0f}",
        f"{ratio:.3f}",
        "within" if ratio >= AT_LEAST else "MISSED",
    )


def _flooded(stack: ExitStack, kind: str, *, kept: int) -> Flooded:
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="refusals-")))
    url = stack.enter_context(new_database(directory, kind))
    variables = {"REFUSALS_KEPT": str(kept)}
    server = stack.enter_context(servers.postern(directory, url, variables=variables))
    http = stack.enter_context(httpx.Client(base_url=server.url, timeout=60))
    registered = Registered(http, tokens=0)
    form = {"grant_type": "client_credentials", "scope": "never-registered"}
    refused = [post("/token", header, form) for header in registered.authorizations]
    return Flooded(server, client_credentials(registered), refused)


def _alone(generator: LoadGenerator, flooded: Flooded, seconds: float) -> float:
    figures = run_round(
        generator, flooded.server, flooded.tokens, connections=CONNECTIONS, seconds=seconds
    )
    return float(figures["rate"])


def _beside(
    generator: LoadGenerator, flooding: LoadGenerator, flooded: Flooded, seconds: float
) -> tuple[float, float]:
    """Return the rate of tokens beside a flood, and the rate of refusals that there was."""
    with ThreadPoolExecutor(1) as threads:
        flood = threads.submit(
            flooding.run,
            flooded.server,
            requests=flooded.refused,
            connections=FLOOD_CONNECTIONS,
            seconds=seconds,
            rate=REFUSALS,
        )
        rate = _alone(generator, flooded, seconds)
        figures: dict[str, Any] = flood.result()
    unexpected = {status: n for status, n in figures["refused"].items() if status != "400"}
    if unexpected or figures["completed"]:
        raise RuntimeError(f"the flood was answered otherwise: {figures}")
    return rate, sum(figures["refused"].values()) / figures["seconds"]
