"""The slots of a supervisor's workers, and how long one stays empty after a worker died."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
EARLY_SECONDS = 5.0


class Kind(StrEnum):
    """Why a worker is started."""

    FIRST = "first"
    """It prepares the database and prints the banner. If it cannot start, the server ends."""
    FURTHER = "further"
    """It serves beside others or replaces one that died. It waits for the database."""
    SUCCESSOR = "successor"
    """It replaces one that serves. Like the first one, it refuses to start without the database."""


class Worker(Protocol):
    """A worker process. `ready_at` is when it began to listen, by the monotonic clock."""

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
    """The slot of one worker. `died` is the process id of the last one that died in it."""

    worker: Worker | None = None
    start_at: float = 0.0
    died: int | None = None
    _starts_in_vain: int = 0

    @property
    def is_ready(self) -> bool:
        return self.worker is not None and self.worker.ready_at is not None

    def empty(self, *, now: float) -> float:
        """Empty the slot after its worker died; return how many seconds it stays empty.

        The pause doubles if the worker never became ready. It is the first pause if the worker died
        soon after, and zero if it has served for a while.
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
        """Keep the slot empty after a failed start; return the seconds, which double each time."""
        pause: float = min(FIRST_PAUSE_SECONDS * 2**self._starts_in_vain, LONGEST_PAUSE_SECONDS)
        self._starts_in_vain = min(self._starts_in_vain + 1, 16)
        self.start_at = now + pause
        return pause
