"""Replace the workers on SIGHUP, one after the other, so that some worker always serves."""

from collections.abc import Callable, Sequence

from app.observability.logging import logger
from app.server.slots import Slot, Worker

log = logger(__name__)


class Reload:
    """Replacement of the workers, one at a time.

    The new worker is ready before the old one stops accepting connections.
    """

    def __init__(
        self,
        slots: Sequence[Slot],
        start: Callable[[], Worker],
        retire: Callable[[Worker], None],
    ) -> None:
        self._slots = slots
        self._start = start
        self._retire = retire
        self._waiting: list[Slot] = []
        self._slot: Slot | None = None
        self.successor: Worker | None = None

    def begin(self) -> None:
        self._waiting = list(self._slots)

    def give_up(self) -> None:
        """Start no further successor, and drop the one that has started."""
        self._waiting = []
        self.successor = self._slot = None

    def take_successor_of(self, slot: Slot) -> Worker | None:
        """Return the successor for the slot, if one has started, and end its replacement.

        The old worker died before its successor was ready.
        """
        if slot is not self._slot:
            return None
        successor, self.successor, self._slot = self.successor, None, None
        return successor

    def step(self, *, is_leaving: bool) -> None:
        """Take the next step, if any. While a worker `is_leaving`, do not replace another one."""
        if self._slot is None or self.successor is None:
            if self._waiting and not is_leaving:
                self._start_next(self._waiting.pop(0))
            return
        old, code = self._slot.worker, self.successor.exit_code()
        if code is not None:
            log.warning(
                "worker %s was started to replace %s but exited (exit code %s): reload aborted",
                self.successor.pid,
                old.pid if old is not None else "none",
                code,
            )
            self.successor.close()
            self.successor = self._slot = None
            self._waiting = []
        elif self.successor.ready_at is not None:
            self._slot.worker, self.successor, self._slot = self.successor, None, None
            if old is not None:
                self._retire(old)

    def _start_next(self, slot: Slot) -> None:
        if slot.worker is None:
            return  # it died, and the supervisor starts another one
        try:
            successor = self._start()
        except OSError as error:
            log.warning("could not start a replacement worker, reload aborted: %s", error)
            self._waiting = []
            return
        self._slot, self.successor = slot, successor
        log.warning("worker %s started to replace %s", successor.pid, slot.worker.pid)
