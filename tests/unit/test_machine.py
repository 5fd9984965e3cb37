"""Time-outs of tests follow the machine."""

import pytest

from tests.support import machine


@pytest.mark.parametrize(
    ("measured", "expected"), [(0.015, 2.0), (0.03, 2.0), (0.3, 20.0), (30.0, 40.0)]
)
def test_a_time_out_grows_with_the_slowness_of_the_machine_within_bounds(
    measured: float, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = iter([100.0, 100.0 + measured])
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(readings))

    assert machine.scaled(2) == pytest.approx(expected)
