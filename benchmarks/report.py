"""Reports of the measurements: Markdown tables for docs/performance.md, and all rounds as JSON."""

import json
import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measurements import Cell
from benchmarks.startup import Startup

RESULTS = Path(__file__).parent / "results"
TARGET_CONNECTIONS = 64
MEGABYTES, TWO_WORKERS_MEGABYTES = 100.0, 180.0
FIRST_TOKEN_SECONDS = 2.5


@dataclass(frozen=True, slots=True)
class Target:
    """A target for a figure at 64 connections, with a limit for each database."""

    scenario: str
    figure: str
    label: str
    limits: dict[str, float]
    is_minimum: bool = False


def _on_both(limit: float) -> dict[str, float]:
    return {"sqlite": limit, "postgresql": limit}


TARGETS = (
    Target(
        "client_credentials",
        "ratio",
        "client_credentials / ceiling",
        {"sqlite": 0.38, "postgresql": 0.50},
        is_minimum=True,
    ),
    Target("introspection", "ratio", "introspection / ceiling", _on_both(0.50), is_minimum=True),
    Target("refresh", "ratio", "refresh / ceiling", _on_both(0.20), is_minimum=True),
    Target("profile", "ratio", "profile / ceiling", _on_both(0.35), is_minimum=True),
    Target("password", "hash_ratio", "password: CPU / bare Argon2id hash", _on_both(1.10)),
    Target("client_credentials", "spread", "client_credentials: p99 / p50", _on_both(5.0)),
)


def startup_line(startup: Startup) -> str:
    return (
        f"{startup.database:10} idle {startup.idle_mb:.1f} MB"
        f" (first start {startup.first_start_mb:.1f}, two workers {startup.two_workers_mb:.1f}),"
        f" first token after {startup.first_token_seconds:.2f} s"
    )


def progress_line(cell: Cell) -> str:
    """Return a short summary of a cell, to print as soon as it is measured."""
    parts = [f"{cell.median('rate') or 0:.0f}/s"]
    for figure, words in (("ratio", "of the ceiling"), ("hash_ratio", "bare hashes")):
        value = cell.median(figure)
        if value is not None:
            parts.append(f"{value:.2f} {words}")
    parts.append(f"{_number(cell.median('cpu_ms'), 3)} ms CPU")
    if cell.refused:
        parts.append(f"refused {cell.refused}")
    return f"{cell.database:10} {cell.scenario:19} {cell.connections:3}  {', '.join(parts)}"


def results_table(cells: Sequence[Cell]) -> str:
    """Return a table with one row per cell: medians over the rounds."""
    head = (
        "database", "scenario", "connections", "requests/s", "ceiling/s", "ratio", "CPU ratio",
        "p50 ms", "p99 ms", "CPU ms/request", "refused",
    )  # fmt: skip
    rows = [
        (
            cell.database,
            cell.scenario,
            str(cell.connections),
            _number(cell.median("rate"), 0),
            _number(cell.median("ceiling_rate"), 0),
            _number(cell.median("ratio"), 3),
            _number(cell.median("cpu_ratio"), 3),
            _number(cell.median("p50_ms"), 2),
            _number(cell.median("p99_ms"), 2),
            _number(cell.median("cpu_ms"), 3),
            str(sum(cell.refused.values())),
        )
        for cell in cells
    ]
    return table(head, rows)


def targets_table(cells: Sequence[Cell], startups: Sequence[Startup]) -> str:
    """Return a table of targets and results, without figures that were not measured."""
    rows = [row for target in TARGETS for row in _target_rows(target, cells)]
    figures: tuple[tuple[str, float, Callable[[Startup], float]], ...] = (
        ("idle memory, MB", MEGABYTES, lambda startup: startup.idle_mb),
        ("idle memory, first start, MB", MEGABYTES, lambda startup: startup.first_start_mb),
        (
            "idle memory, two workers (PSS), MB",
            TWO_WORKERS_MEGABYTES,
            lambda startup: startup.two_workers_mb,
        ),
        ("start to first token, s", FIRST_TOKEN_SECONDS, lambda each: each.first_token_seconds),
    )
    for label, limit, figure in figures:
        rows += [
            (label, startup.database, f"≤ {limit:g}", _number(figure(startup), 2), _met(is_met))
            for startup in startups
            for is_met in [figure(startup) <= limit]
        ]
    return table(("target", "database", "wanted", "measured", "met"), rows)


def signature_line(bare: tuple[float, float]) -> str:
    """Return the cost of bare signatures on this machine, as a sentence."""
    signature, verification = bare
    return (
        f"One bare ES256 signature: {_number(signature, 3)} ms of CPU, one bare verification:"
        f" {_number(verification, 3)} ms."
    )


def signature_table(cells: Sequence[Cell], bare: tuple[float, float]) -> str:
    """Return a table of what signatures cost beside opaque tokens, at 64 connections."""
    cpu = {
        (cell.database, cell.scenario): value
        for cell in cells
        if cell.connections == TARGET_CONNECTIONS and (value := cell.median("cpu_ms")) is not None
    }
    signature, verification = bare
    limits: tuple[tuple[str, str, str, Callable[[float], float]], ...] = (
        (
            "client_credentials_jwt: opaque + 2 signatures",
            "client_credentials",
            "client_credentials_jwt",
            lambda opaque: opaque + 2 * signature,
        ),
        (
            "client_credentials_dpop: opaque + 3 verifications + 1 signature",
            "client_credentials",
            "client_credentials_dpop",
            lambda opaque: opaque + 3 * verification + signature,
        ),
        (
            "introspection_jwt: 1.5 x opaque",
            "introspection",
            "introspection_jwt",
            lambda opaque: 1.5 * opaque,
        ),
    )
    rows = [
        (
            label,
            database,
            f"≤ {_number(limit_of(opaque), 3)}",
            _number(measured, 3),
            _met(measured <= limit_of(opaque)),
        )
        for label, plain, signed, limit_of in limits
        for database in dict.fromkeys(database for database, _ in cpu)
        if (opaque := cpu.get((database, plain))) is not None
        and (measured := cpu.get((database, signed))) is not None
    ]
    return table(("limit", "database", "wanted, ms of CPU", "measured", "met"), rows)


def hash_line(cells: Sequence[Cell]) -> str:
    """Return the cost of one bare hash on this machine, as a sentence."""
    hash_ms = [value for cell in cells if (value := cell.median("hash_ms")) is not None]
    return f"One bare Argon2id hash: {_number(min(hash_ms), 1)} ms of CPU." if hash_ms else ""


def machine_line() -> str:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = (line.partition(": ") for line in cpuinfo.read_text().splitlines())
        model = next((value for name, _, value in lines if name.startswith("model name")), model)
    load = os.getloadavg()[0]
    return (
        f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{datetime.now(UTC):%Y-%m-%d}, load {load:.1f} before the run."
    )


def write_json(machine: str, cells: Sequence[Cell], startups: Sequence[Startup]) -> Path:
    """Write every round to a file, for comparisons between runs."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}.json"
    results = {
        "machine": machine,
        "startups": [asdict(startup) for startup in startups],
        "cells": [asdict(cell) for cell in cells],
    }
    path.write_text(json.dumps(results, indent=1))
    return Path(os.path.relpath(path))


def _target_rows(target: Target, cells: Sequence[Cell]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for cell in cells:
        value = cell.median(target.figure)
        is_target = (cell.scenario, cell.connections) == (target.scenario, TARGET_CONNECTIONS)
        if not is_target or value is None:
            continue
        limit = target.limits[cell.database]
        is_met = value >= limit if target.is_minimum else value <= limit
        target_text = f"{'≥' if target.is_minimum else '≤'} {limit:g}"
        rows.append((target.label, cell.database, target_text, _number(value, 3), _met(is_met)))
    return rows


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def verdict(*, is_met: bool) -> str:
    """Return the word for a limit of a benchmark with its own table."""
    return "MET" if is_met else "MISSED"


def _number(value: float | None, digits: int) -> str:
    return f"{value:,.{digits}f}" if value is not None else "-"


def _met(is_met: bool) -> str:
    return "met" if is_met else "missed"
