"""Make `time.sleep` work under libfaketime 0.9.10 with DONT_FAKE_MONOTONIC=1.

CPython sleeps with clock_nanosleep until an instant of the monotonic clock, and that version of
the library shifts the instant nevertheless, so that the call fails with EINVAL. `select` takes a
duration. Python imports this module at startup, because `make test-two-years-ahead` puts its
folder on PYTHONPATH.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex) -> None:
    duration = float(seconds)
    if duration < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], duration)


time.sleep = _sleep
