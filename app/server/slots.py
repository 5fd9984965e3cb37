"""The places of a supervisor's workers, and how long one stays empty after a death."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
EARLY_SECONDS = 5.0


class Kind(StrEnum):
    """What a worker is started for."""

    FIRST = "first"
    """It prepares the database and prints the banner; what it refuses ends the server."""
    FURTHER = "further"
    """It serves beside others, or in place of one that died; it waits for its database."""
    SUCCESSOR = "successor"
    """It is to replace one that serves, so it has to be as good: it refuses as the first does."""


class Worker(Protocol):
    """A process that serves. `ready_at` is when it began to listen, by the monotonic clock."""

    ready_at: float | None

    @property
    def pid(self) -> int: ...
    def channel(self) -> int | None: ...
    def exit_code(self) -> int | None: ...
    def hear(self) -> None: ...
    def why_it_hangs(self) -> str | None: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def close(self) -> None: ...


@dataclass(eq=False, slots=True)
class Slot:
    """The place of one worker; `died` is the last one that died there."""

    worker: Worker | None = None
    start_at: float = 0.0
    died: int | None = None
    _starts_in_vain: int = 0

    @property
    def is_ready(self) -> bool:
        return self.worker is not None and self.worker.ready_at is not None

    def empty(self, *, now: float) -> float:
        """Give the place up after a death; return how long it stays empty.

        A worker that never became ready doubles the pause, one that died soon has the first pause,
        and one that has served for a while has none.
        """
        worker, self.worker = self.worker, None
        if worker is None:
            return 0.0
        self.died = worker.pid
        if worker.ready_at is None:
            return self.stay_empty(now=now)
        self._starts_in_vain = 0
        pause = FIRST_PAUSE_SECONDS if now - worker.ready_at < EARLY_SECONDS else 0.0
        self.start_at = now + pause
        return pause

    def stay_empty(self, *, now: float) -> float:
        """Wait after a start in vain; return how long, which doubles each time."""
        pause: float = min(FIRST_PAUSE_SECONDS * 2**self._starts_in_vain, LONGEST_PAUSE_SECONDS)
        self._starts_in_vain = min(self._starts_in_vain + 1, 16)
        self.start_at = now + pause
        return pause
