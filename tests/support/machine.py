"""Current speed and date of the machine that runs the tests, and the environment of the run."""

import os
import time

REFERENCE_SECONDS = 0.03
"""Duration of the sample on an idle machine of the kind that runs the tests."""
SLOWEST = 20.0
SAMPLE_IS_GOOD_FOR = 5.0
"""Seconds; a sample takes 30 ms, and each start of the application needs several."""
SAMPLE_IS_REMEMBERED_FOR = 30.0
"""Seconds; a machine that was busy a moment ago may be busy again in a moment."""

_samples: list[tuple[float, float]] = []
"""When the samples began, and how much slower than the reference the machine was."""


def scaled(seconds: float) -> float:
    """Return a time-out for an idle machine, made longer on a slow or busy one."""
    return seconds * slowness()


def scaled_now(seconds: float) -> float:
    """Do the same as `scaled`, with a new sample: the machine may be slower than at the start."""
    _take_sample()
    return scaled(seconds)


def slowness() -> float:
    """Return how many times slower than the reference this machine is, between 1 and 20.

    This is the slowest of the recent samples.
    """
    if not _samples or time.perf_counter() - _samples[-1][0] > SAMPLE_IS_GOOD_FOR:
        _take_sample()
    return max(slower for _, slower in _samples)


def _take_sample() -> None:
    started_at = time.perf_counter()
    sum(number * number for number in range(300_000))
    seconds = time.perf_counter() - started_at
    _samples.append((started_at, min(SLOWEST, max(1.0, seconds / REFERENCE_SECONDS))))
    while started_at - _samples[0][0] > SAMPLE_IS_REMEMBERED_FOR:
        del _samples[0]


def database_timeouts() -> dict[str, float]:
    """Return the default database time limits, scaled to the speed of this machine."""
    return {
        "database_timeout": min(60.0, scaled(5)),
        "sqlite_busy_timeout": min(60.0, scaled(10)),
    }


def run_variables() -> dict[str, str]:
    """Return the variables by which a child process gets the date and the coverage of the run."""
    names = [name for name in os.environ if name.startswith("COVERAGE_")]
    if "FAKETIME" in os.environ:
        names += ["LD_PRELOAD", "FAKETIME", "FAKETIME_SHARED", "DONT_FAKE_MONOTONIC", "PYTHONPATH"]
    return {name: os.environ[name] for name in names if name in os.environ}


def is_measuring_coverage() -> bool:
    return "COVERAGE_PROCESS_CONFIG" in os.environ
