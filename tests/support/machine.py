"""The machine under the tests: how fast it is right now, and which date it has."""

import os
import time

REFERENCE_SECONDS = 0.03
"""What the sample takes on an idle machine of the kind that runs the tests."""
SLOWEST = 20.0
SAMPLE_IS_GOOD_FOR = 5.0
"""Seconds; a sample costs 30 ms, and there are several for each start of the application."""

_last_sample = {"at": -SAMPLE_IS_GOOD_FOR, "slowness": 1.0}


def scaled(seconds: float) -> float:
    """Return a time-out of so many seconds on an idle machine, longer on a slow or busy one."""
    return seconds * slowness()


def slowness() -> float:
    """Return how many times slower than the reference machine this one is, between 1 and 20."""
    started = time.perf_counter()
    if started - _last_sample["at"] > SAMPLE_IS_GOOD_FOR:
        sum(number * number for number in range(300_000))
        seconds = time.perf_counter() - started
        _last_sample["slowness"] = min(SLOWEST, max(1.0, seconds / REFERENCE_SECONDS))
        _last_sample["at"] = started
    return _last_sample["slowness"]


def database_timeouts() -> dict[str, float]:
    """Return the default time limits for the database, for the speed of this machine."""
    return {
        "database_timeout": min(60.0, scaled(5)),
        "sqlite_busy_timeout": min(60.0, scaled(10)),
    }


def date_variables() -> dict[str, str]:
    """Return what a program that a test starts needs to have the date of the test run."""
    names = ("LD_PRELOAD", "FAKETIME", "FAKETIME_SHARED", "DONT_FAKE_MONOTONIC", "PYTHONPATH")
    if "FAKETIME" not in os.environ:
        return {}
    return {name: os.environ[name] for name in names if name in os.environ}
