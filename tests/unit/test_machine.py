"""Time-outs of tests follow the machine."""

import asyncio

import pytest

from tests.support import machine
from tests.support.waiting import within


@pytest.fixture(autouse=True)
def _no_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_samples", [])


def read(monkeypatch: pytest.MonkeyPatch, *readings: float) -> None:
    """Let the clock show these instants, one after the other."""
    following = iter(readings)
    monkeypatch.setattr(machine.time, "perf_counter", lambda: next(following))


@pytest.mark.parametrize(
    ("measured", "expected"), [(0.015, 2.0), (0.03, 2.0), (0.3, 20.0), (30.0, 40.0)]
)
def test_timeouts_scale_with_the_slowness_of_the_machine_within_bounds(
    measured: float, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(monkeypatch, 100.0, 100.0 + measured)

    assert machine.scaled(2) == pytest.approx(expected)


def test_a_speed_measurement_is_reused_for_a_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    read(monkeypatch, 100.0, 100.3, 104.9, 105.1, 105.2, 105.8)

    assert [machine.slowness() for _ in range(3)] == pytest.approx([10, 10, 20])


def test_a_busy_moment_lengthens_timeouts_for_half_a_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read(monkeypatch, 100.0, 100.3, 129.0, 129.1, 129.13, 135.0, 135.1, 135.13)

    assert [machine.slowness() for _ in range(3)] == pytest.approx([10, 10, 1])


def test_a_new_measurement_is_taken_at_the_end_of_a_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read(monkeypatch, 100.0, 100.03, 101.0, 101.3, 101.4)

    assert [machine.scaled(2), machine.scaled_now(2)] == pytest.approx([2, 20])


async def test_a_block_gets_more_time_if_the_machine_became_slower(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "_take_sample", lambda: machine._samples.append((0.0, 4.0)))
    monkeypatch.setattr(machine, "_samples", [(float("inf"), 1.0)])
    loop = asyncio.get_running_loop()
    started_at = loop.time()

    with pytest.raises(TimeoutError):
        async with within(0.05):
            await asyncio.sleep(60)

    assert loop.time() - started_at >= 4 * 0.05
