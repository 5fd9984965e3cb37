"""Start, watch, replace and stop several workers on one listening socket.

The supervisor imports neither the application nor the settings, so that it needs little memory
beside its workers.
"""

import json
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from types import FrameType

from app.observability.logging import configure_process_logging, logger, server_output
from app.server.new_connections import refuse_new_connections
from app.server.reload import Reload
from app.server.slots import Kind, Slot, Worker
from app.server.terminal import Terminal
from app.server.workers import WorkerProcess

log = logger("app.server.supervisor")

LOOK_SECONDS = 1.0
STOP_MARGIN_SECONDS = 5.0
"""A worker ends its requests within GRACEFUL_TIMEOUT; closing its resources takes a moment more."""
CANNOT_START = 2
FAILED = 1


@dataclass(frozen=True, slots=True)
class Job:
    """The arguments of a supervisor, passed on its command line as JSON."""

    listener: int
    workers: int
    graceful_timeout: int
    log_format: str
    log_level: str
    mtls_listener: int | None

    def as_argument(self) -> str:
        return json.dumps(asdict(self))


class Supervisor:
    """Supervisor that keeps `count` workers running until it is stopped.

    The first worker prepares the database; the others start once it listens. If the first one
    refuses to start, a retry would not help, and the server ends. A worker that dies later never
    ends the server.
    """

    def __init__(
        self,
        start: Callable[[Kind], Worker],
        *,
        count: int,
        graceful_timeout: float,
        close_listener: Callable[[], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._start = start
        self._slots = [Slot() for _ in range(count)]
        self._close_listener = close_listener
        self._stop_seconds = graceful_timeout + STOP_MARGIN_SECONDS
        self._now = now
        self._leaving: dict[Worker, float] = {}
        self._is_stopping = False
        self._has_served = False
        self._looked_at = now()
        self._reload = Reload(self._slots, lambda: start(Kind.SUCCESSOR), self._retire)

    def workers(self) -> list[Worker]:
        """Return every running worker, including those that are leaving."""
        successors = [self._reload.successor] if self._reload.successor is not None else []
        return [*(slot.worker for slot in self._slots if slot.worker), *successors, *self._leaving]

    def stop(self) -> None:
        """Stop every worker; `tick` returns an exit code once all have left."""
        if self._is_stopping:
            return
        self._is_stopping = True
        self._close_listener()
        for worker in self.workers():
            if worker not in self._leaving:
                self._retire(worker)
        self._reload.give_up()
        for slot in self._slots:
            slot.worker = None

    def reload(self) -> None:
        """Replace the workers one by one, each once its successor is ready."""
        if self._has_served and not self._is_stopping:
            log.warning("SIGHUP: replacing the workers one by one")
            self._reload.begin()

    def tick(self) -> int | None:
        """Run one pass over the workers; return the exit code once all of them have left."""
        for worker in self.workers():
            worker.hear()
        self._see_off_the_leaving()
        if self._is_stopping:
            return None if self._leaving else 0
        for slot in self._slots:
            code = self._collect(slot)
            if code is not None:
                return code
        self._has_served = self._has_served or any(slot.is_ready for slot in self._slots)
        for slot in self._slots if self._has_served else self._slots[:1]:
            if slot.worker is None and slot.start_at <= self._now():
                self._fill(slot)
        if self._now() - self._looked_at >= LOOK_SECONDS:
            self._looked_at = self._now()
            self._kill_what_hangs()
        self._reload.step(is_leaving=bool(self._leaving))
        return None

    def _fill(self, slot: Slot) -> None:
        try:
            slot.worker = self._start(Kind.FURTHER if self._has_served else Kind.FIRST)
        except OSError as error:
            if not self._has_served:
                raise
            pause = slot.stay_empty(now=self._now())
            log.warning("could not start a worker, next attempt in %g s: %s", pause, error)
            return
        if slot.died is not None:
            log.warning("worker %s started in place of %s", slot.worker.pid, slot.died)
        elif self._has_served:  # if the first one fails, its error is the only line
            log.info("worker %s started", slot.worker.pid)

    def _collect(self, slot: Slot) -> int | None:
        """Empty the slot of a worker that died; return an exit code if no worker can start."""
        code = slot.worker.exit_code() if slot.worker is not None else None
        if slot.worker is None or code is None:
            return None
        pid = slot.worker.pid
        slot.worker.close()
        if not self._has_served and slot.worker.ready_at is None and code >= 0:
            log.debug("worker %s refused to start (exit code %s)", pid, code)
            return CANNOT_START if code == CANNOT_START else FAILED
        pause = slot.empty(now=self._now())
        if (successor := self._reload.take_successor_of(slot)) is not None:
            slot.worker = successor
            log.warning("worker %s died (exit code %s): replaced by %s", pid, code, successor.pid)
            return None
        when = f" in {pause:g} s" if pause else ""
        log.warning("worker %s died (exit code %s): starting another one%s", pid, code, when)
        return None

    def _kill_what_hangs(self) -> None:
        for slot in self._slots:
            reason = slot.worker.why_it_hangs() if slot.worker is not None else None
            if slot.worker is not None and reason is not None:
                log.warning("worker %s hangs and was killed: %s", slot.worker.pid, reason)
                slot.worker.kill()

    def _retire(self, worker: Worker) -> None:
        worker.stop()
        self._leaving[worker] = self._now() + self._stop_seconds

    def _see_off_the_leaving(self) -> None:
        for worker, until in list(self._leaving.items()):
            if worker.exit_code() is not None:
                worker.close()
                del self._leaving[worker]
            elif until <= self._now():
                log.warning("worker %s did not stop in time and was killed", worker.pid)
                worker.kill()
                self._leaving[worker] = self._now() + STOP_MARGIN_SECONDS


class Signals:
    """The signals that a supervisor handles, in the order of their arrival."""

    def __init__(self) -> None:
        self.arrived: list[int] = []
        self._terminal = Terminal()
        self._reading, writing = socket.socketpair()
        for end in (self._reading, writing):
            end.setblocking(False)
        self._writing = writing
        signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, self._note)

    def wait(self, workers: list[Worker], seconds: float) -> None:
        """Wait until a signal or a message from a worker arrives, at most for `seconds`."""
        channels = [channel for worker in workers if (channel := worker.channel()) is not None]
        own_channel = self._reading.fileno()
        if own_channel in select.select([own_channel, *channels], [], [], seconds)[0]:
            self._reading.recv(4096)

    def pass_to(self, supervisor: Supervisor) -> None:
        arrived, self.arrived = self.arrived, []
        for number in arrived:
            if number == signal.SIGHUP and not self._terminal.is_lost():
                supervisor.reload()
            elif number != signal.SIGCHLD:
                supervisor.stop()

    def _note(self, number: int, _: FrameType | None) -> None:
        self.arrived.append(number)


def main(arguments: list[str]) -> int:
    """Supervise until a signal arrives; return the exit code."""
    job = Job(**json.loads(arguments[0]))
    output = server_output(log_format=job.log_format)
    configure_process_logging(log_format=job.log_format, level=job.log_level, output=output)
    signals = Signals()
    listener = socket.socket(fileno=job.listener)
    mtls_listener = (
        socket.socket(fileno=job.mtls_listener) if job.mtls_listener is not None else None
    )

    def close_listener() -> None:
        for each in (listener, mtls_listener):
            if each is not None:
                refuse_new_connections(each)  # shared with the workers
                each.close()

    supervisor = Supervisor(
        lambda kind: WorkerProcess(listener, kind, mtls_listener),
        count=job.workers,
        graceful_timeout=job.graceful_timeout,
        close_listener=close_listener,
    )
    while (code := supervisor.tick()) is None:
        signals.wait(supervisor.workers(), LOOK_SECONDS / 2)
        signals.pass_to(supervisor)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
