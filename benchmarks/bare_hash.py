"""Lower bound of a login: the CPU time of one Argon2id hash."""

import sys
import time

from argon2 import PasswordHasher, Type


def cpu_milliseconds(seconds: float) -> float:
    """Return the average for one hash with the server's default parameters."""
    hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, type=Type.ID)
    encoded = hasher.hash("correct horse battery staple")
    deadline = time.perf_counter() + seconds
    started_at, count = time.process_time(), 0
    while time.perf_counter() < deadline:
        hasher.verify(encoded, "correct horse battery staple")
        count += 1
    return (time.process_time() - started_at) / count * 1000


if __name__ == "__main__":
    print(cpu_milliseconds(float(sys.argv[1])))
