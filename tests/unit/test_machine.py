"""Time-outs of tests follow the machine."""

import pytest

from tests.support import machine


@pytest.mark.parametrize(
    ("measured", "expected"), [(0.015, 2.0), (0.03, 2.0), (0.3, 20.0), (30.0, 40.0)]
)
def test_timeouts_scale_with_the_slowness_of_the_machine_within_bounds(
    measured: float, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = iter([100.0, 100.0 + measured])
    monkeypatch.setitem(machine._last_sample, "at", -machine.SAMPLE_IS_GOOD_FOR)
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(readings))

    assert machine.scaled(2) == pytest.approx(expected)


def test_a_speed_measurement_is_reused_for_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(machine._last_sample, "at", -machine.SAMPLE_IS_GOOD_FOR)
    readings = iter([100.0, 100.3, 104.9, 105.1, 105.7])
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(readings))

    assert [machine.slowness() for _ in range(3)] == pytest.approx([10, 10, 20])
