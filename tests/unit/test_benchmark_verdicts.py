"""When a benchmark says that a limit is met."""

import pytest

from benchmarks import agents, pages, report, workers
from benchmarks.agents import REQUESTS
from benchmarks.measurements import Cell
from benchmarks.workers import FREE_CORES, Pair


@pytest.mark.parametrize(
    ("ratio", "most_open", "answered", "verdict"),
    [
        (1.10, 3, REQUESTS, "MET"),
        (1.11, 3, REQUESTS, "MISSED"),
        (1.00, 4, REQUESTS, "MISSED"),
        (1.00, 3, 999, "not judged: 999 requests"),
        (1.11, 3, 999, "MISSED"),
        (1.00, 4, 999, "MISSED"),
    ],
)
def test_a_flood_may_neither_slow_tokens_down_nor_open_more_connections_than_the_budget(
    ratio: float, most_open: int, answered: int, verdict: str
) -> None:
    assert agents.verdict(ratio, most_open=most_open, budget=3, answered=answered) == verdict


def rounds(*figures: tuple[float, float]) -> list[dict[str, float]]:
    return [{"cpu_ms": cpu_ms, "rate": rate} for cpu_ms, rate in figures]


@pytest.mark.parametrize(
    ("two", "cores", "verdicts"),
    [
        ([(0.22, 1800), (0.33, 1800), (0.10, 1800)], FREE_CORES, ("MET", "MET")),
        ([(0.23, 1799), (0.23, 1799), (0.23, 1799)], FREE_CORES, ("MISSED", "MISSED")),
        ([(0.23, 1100), (0.10, 1100), (0.20, 1100)], 2, ("MET", "not judged: 2 cores")),
    ],
)
def test_two_workers_are_compared_with_one_round_by_round(
    two: list[tuple[float, float]], cores: int, verdicts: tuple[str, str]
) -> None:
    pair = Pair("client_credentials", rounds(*[(0.2, 1000)] * 3), rounds(*two))

    row = pair.row(cores)

    assert (row[6], row[10]) == verdicts
    assert len(row) == len(workers.HEAD)


def test_a_page_of_the_sign_in_has_a_limit_and_the_account_page_has_none() -> None:
    costs = {pages.CEILING: [5.0], "GET /login": [3.0], "POST /login": [3.01], pages.ACCOUNT: [9.0]}

    lines = pages.table(costs).splitlines()[2:]

    assert [line.split(" | ")[-1] for line in lines] == ["- |", "MET |", "MISSED |", "- |"]


def test_the_targets_are_those_at_64_connections() -> None:
    cells = [
        Cell("postgresql", "client_credentials", connections, [{"ratio": ratio}])
        for connections, ratio in ((16, 0.60), (64, 0.49))
    ]
    cells.append(Cell("sqlite", "refresh", 64, [{"ratio": 0.19}, {"ratio": 0.20}, {"ratio": 0.21}]))

    lines = report.targets_table(cells, []).splitlines()[2:]

    assert lines == [
        "| client_credentials / ceiling | postgresql | ≥ 0.5 | 0.490 | missed |",
        "| refresh / ceiling | sqlite | ≥ 0.2 | 0.200 | met |",
    ]
