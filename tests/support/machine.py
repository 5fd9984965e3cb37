"""Current speed and date of the machine that runs the tests, and the environment of the run."""

import os
import time

REFERENCE_SECONDS = 0.03
"""Duration of the sample on an idle machine of the kind that runs the tests."""
SLOWEST = 20.0
SAMPLE_IS_GOOD_FOR = 5.0
"""Seconds; a sample takes 30 ms, and each start of the application needs several."""

_last_sample = {"at": -SAMPLE_IS_GOOD_FOR, "slowness": 1.0}


def scaled(seconds: float) -> float:
    """Return a time-out for an idle machine, made longer on a slow or busy one."""
    return seconds * slowness()


def slowness() -> float:
    """Return how many times slower than the reference this machine is, between 1 and 20."""
    started_at = time.perf_counter()
    if started_at - _last_sample["at"] > SAMPLE_IS_GOOD_FOR:
        sum(number * number for number in range(300_000))
        seconds = time.perf_counter() - started_at
        _last_sample["slowness"] = min(SLOWEST, max(1.0, seconds / REFERENCE_SECONDS))
        _last_sample["at"] = started_at
    return _last_sample["slowness"]


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
