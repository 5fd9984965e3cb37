"""Tell a worker whose event loop hangs from one that is only slow."""

import os
from dataclasses import dataclass
from pathlib import Path

ASLEEP_LOOKS = 30
SPINNING_SECONDS = 20.0
SLEEPING = "S"
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True, slots=True)
class Activity:
    """What a process does: CPU seconds of its main thread, and whether every thread sleeps."""

    cpu_seconds: float
    is_asleep: bool


class Silence:
    """The time since a worker's last sign of life, judged by what the worker did meanwhile.

    The event loop gives a sign each second. Without one for long, there are three cases:

    - The main thread used much CPU: it spins, and will not come back. It hangs.
    - All threads sleep at every look: the loop waits for something that is not an event. It hangs.
    - Anything else: a thread that wants to run and gets no CPU, a stopped process, a page read from
      a slow disk. It is slow, however long that lasts.
    """

    def __init__(
        self, *, asleep_looks: int = ASLEEP_LOOKS, spinning_seconds: float = SPINNING_SECONDS
    ) -> None:
        self._asleep_looks = asleep_looks
        self._spinning_seconds = spinning_seconds
        self._times_asleep = 0
        self._before: Activity | None = None

    def end(self) -> None:
        """Note a sign of life."""
        self._times_asleep = 0
        self._before = None

    def look(self, activity: Activity | None) -> str | None:
        """Return why the worker hangs, or None; call it once a second."""
        if activity is None:
            return None
        if self._before is None:
            self._before = activity
        is_idle = activity.is_asleep and activity.cpu_seconds == self._before.cpu_seconds
        self._times_asleep = self._times_asleep + 1 if is_idle else 0
        spent = activity.cpu_seconds - self._before.cpu_seconds
        if spent >= self._spinning_seconds:
            return f"its event loop did not turn during {spent:.0f} s of CPU time"
        if self._times_asleep >= self._asleep_looks:
            return f"its event loop has been blocked for {self._times_asleep} s"
        return None


def activity_of(pid: int) -> Activity | None:
    """Read what a process does from /proc; None where that is not known, as outside Linux."""
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
    """The fields of proc(5)'s `stat` from the state on; a name may hold spaces and brackets."""
    return stat.read_text().rpartition(")")[2].split()
