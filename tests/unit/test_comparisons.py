"""Comparison of the speed of two commits: when it fails."""

from collections.abc import Sequence

import pytest

from benchmarks.against import Comparison, beyond_limit_twice

LIMIT = 1.15


def comparison(database: str, scenario: str, *ratios: float) -> Comparison:
    return Comparison(database, scenario, before=[1.0] * len(ratios), after=list(ratios))


FIRST = (
    comparison("sqlite", "introspection", 1.0, 1.1, 1.5),
    comparison("sqlite", "refresh", 1.2, 1.3, 1.0),
    comparison("postgresql", "refresh", 1.0, 1.0, 1.0),
)


@pytest.mark.parametrize(
    ("second", "fails", "line"),
    [
        (1.14, False, "sqlite refresh: 1.200, then 1.140: within 1.15"),
        (1.16, True, "sqlite refresh: 1.200, then 1.160: beyond 1.15"),
    ],
)
def test_a_row_beyond_the_limit_fails_only_if_a_longer_measurement_confirms_it(
    second: float, line: str, capsys: pytest.CaptureFixture[str], *, fails: bool
) -> None:
    measured = []

    def compare(database: str, scenarios: Sequence[str], rounds: int) -> list[Comparison]:
        measured.append((database, list(scenarios), rounds))
        return [comparison(database, each, second) for each in scenarios]

    beyond = beyond_limit_twice(FIRST, LIMIT, 8, compare)

    assert measured == [("sqlite", ["refresh"], 16)]
    assert [each.scenario for each in beyond] == (["refresh"] if fails else [])
    assert line in capsys.readouterr().out


def test_rows_within_the_limit_are_not_measured_again() -> None:
    def compare(*_: object) -> list[Comparison]:
        raise AssertionError("measured again")

    assert beyond_limit_twice(FIRST[::2], LIMIT, 8, compare) == []
    assert beyond_limit_twice(FIRST, None, 8, compare) == []
