"""Measurements in alternating rounds of a server and the ceiling, and their medians."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks import ceiling
from benchmarks.scenarios import PASSWORD_SCENARIO, Load
from benchmarks.servers import LoadGenerator, Server, bare_hash_milliseconds

Round = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """A scenario against a server."""

    name: str
    server: Server
    load: Load

    @property
    def is_bound_by_hashing(self) -> bool:
        return self.name == PASSWORD_SCENARIO


@dataclass(slots=True)
class Cell:
    """The rounds of a subject at one number of connections."""

    database: str
    scenario: str
    connections: int
    rounds: list[Round] = field(default_factory=list)

    def median(self, name: str) -> float | None:
        values = [figures[name] for figures in self.rounds if figures.get(name) is not None]
        return median(values) if values else None

    @property
    def refused(self) -> dict[str, int]:
        """Return the number of responses with a status other than 200, by status."""
        total: Counter[str] = Counter()
        for figures in self.rounds:
            total.update(figures["refused"])
        return dict(total)


@dataclass(frozen=True, slots=True)
class Bench:
    """A benchmark that alternates subjects and the ceiling, so that a busy moment affects both.

    A round of a subject takes `seconds`, one of the ceiling half as long.
    """

    generator: LoadGenerator
    ceiling: Server
    seconds: float
    report: Callable[[Cell], None]

    def measure(
        self, database: str, subjects: Sequence[Subject], *, connections: int, rounds: int
    ) -> list[Cell]:
        cells = {each.name: Cell(database, each.name, connections) for each in subjects}
        for subject in subjects:
            self._round(subject, connections, self.seconds / 4)  # warms up caches and threads
        for _ in range(rounds):
            before = self._ceiling_round(connections)
            for subject in subjects:
                figures = self._round(subject, connections, self.seconds)
                if subject.is_bound_by_hashing:
                    figures |= self._against_hash(figures)
                else:
                    after = self._ceiling_round(connections)
                    figures |= _against_ceiling(figures, before, after)
                    before = after
                cells[subject.name].rounds.append(figures)
        for cell in cells.values():
            self.report(cell)
        return list(cells.values())

    def _ceiling_round(self, connections: int) -> Round:
        subject = Subject("ceiling", self.ceiling, Load([ceiling.REQUEST]))
        return self._round(subject, connections, self.seconds / 2)

    def _round(self, subject: Subject, connections: int, seconds: float) -> Round:
        return run_round(
            self.generator, subject.server, subject.load, connections=connections, seconds=seconds
        )

    def _against_hash(self, figures: Round) -> Round:
        """Return the CPU time of a request as a multiple of one bare hash."""
        hash_ms = bare_hash_milliseconds(self.seconds / 2)
        ratio = figures["cpu_ms"] / hash_ms if figures["cpu_ms"] is not None else None
        return {"hash_ms": hash_ms, "hash_ratio": ratio}


def run_round(
    generator: LoadGenerator, server: Server, load: Load, *, connections: int, seconds: float
) -> Round:
    """Put a load on a server for the given seconds and return the measured figures."""
    requests = load.requests
    if load.supply is not None:
        requests = load.supply.take(connections=connections, seconds=seconds)
    figures = generator.run(
        server,
        requests=requests,
        chains=load.chains[:connections] if load.chains else None,
        proofs_for=load.proofs_for,
        is_once=load.supply is not None,
        connections=connections,
        seconds=seconds,
    )
    chains, taken = figures.pop("chains"), figures.pop("taken")
    if load.supply is not None:
        load.supply.put_back(requests[taken:])
    if load.chains:
        load.chains[:connections] = chains
    completed = figures["completed"]
    figures["rate"] = completed / figures["seconds"]
    figures["cpu_ms"] = figures["cpu_seconds"] * 1000 / completed if completed else None
    figures["spread"] = figures["p99_ms"] / figures["p50_ms"] if completed else None
    return figures


def _against_ceiling(figures: Round, before: Round, after: Round) -> Round:
    """Return the rate and CPU time as shares of the ceiling's just before and after."""
    rate = (before["rate"] + after["rate"]) / 2
    cpu = (before["cpu_ms"] + after["cpu_ms"]) / 2
    return {
        "ceiling_rate": rate,
        "ceiling_cpu_ms": cpu,
        "ratio": figures["rate"] / rate,
        "cpu_ratio": cpu / figures["cpu_ms"] if figures["cpu_ms"] else None,
    }
