"""Distinguish a worker whose event loop hangs from one that is only slow."""

import os
from dataclasses import dataclass
from pathlib import Path

ASLEEP_LOOKS = 30
SPINNING_SECONDS = 20.0
SLEEPING = "S"
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Activity:
    """CPU seconds of the main thread of a process, and whether all its threads sleep."""

    cpu_seconds: float
    is_asleep: bool


class Silence:
    """The time since a worker's last sign of life, and its activity since then.

    The event loop sends a sign of life each second. If none arrives for a long time, there are
    three cases:

    - The main thread used much CPU: it spins and will not recover. The worker hangs.
    - All threads sleep at every check: the loop waits for something that is not an event. The
      worker hangs.
    - Anything else: a runnable thread gets no CPU, the process is stopped, a page is read from a
      slow disk. The worker is slow, however long that lasts.
    """

    def __init__(
        self, *, asleep_looks: int = ASLEEP_LOOKS, spinning_seconds: float = SPINNING_SECONDS
    ) -> None:
        self._asleep_looks = asleep_looks
        self._spinning_seconds = spinning_seconds
        self._times_asleep = 0
        self._before: Activity | None = None

    def end(self) -> None:
        """Record a sign of life."""
        self._times_asleep = 0
        self._before = None

    def look(self, activity: Activity | None) -> str | None:
        """Return why the worker hangs, or None. Call this once a second."""
        if activity is None:
            return None
        if self._before is None:
            self._before = activity
        is_idle = activity.is_asleep and activity.cpu_seconds == self._before.cpu_seconds
        self._times_asleep = self._times_asleep + 1 if is_idle else 0
        cpu_seconds = activity.cpu_seconds - self._before.cpu_seconds
        if cpu_seconds >= self._spinning_seconds:
            return f"its event loop made no progress during {cpu_seconds:.0f} s of CPU time"
        if self._times_asleep >= self._asleep_looks:
            return f"its event loop has been blocked for {self._times_asleep} s"
        return None


def activity_of(pid: int) -> Activity | None:
    """Return the activity of a process from /proc, or None if it is unknown, as outside Linux."""
    try:
        states = {thread.name: _after_name(thread / "stat") for thread in _threads(pid).iterdir()}
        main = states[str(pid)]
    except (OSError, KeyError):
        return None
    return Activity(
        cpu_seconds=(int(main[11]) + int(main[12])) / TICKS_A_SECOND,
        is_asleep=all(fields[0] == SLEEPING for fields in states.values()),
    )


def _threads(pid: int) -> Path:
    return Path("/proc") / str(pid) / "task"


def _after_name(stat: Path) -> list[str]:
    """Return the fields of `stat` (proc(5)) from the state on.

    The name before them may contain spaces and parentheses.
    """
    return stat.read_text().rpartition(")")[2].split()
