"""Log output that never waits for the reader of a pipe.

Otherwise a stalled reader would block every writer, including the event loop. A separate thread
therefore writes to a pipe; lines that do not fit into a bounded queue are dropped and counted.
"""

import os
import stat
import sys
import threading
import time
from collections.abc import Callable
from queue import SimpleQueue
from typing import TextIO

from app.startup_errors import NO_THREAD, StartupError

MAXIMUM_CHARACTERS = 4 * 1024 * 1024
DRAIN_SECONDS = 1.0
POLL_SECONDS = 0.002
END = ""


class LogOutput:
    """A stream of whole lines for `logging` and for the access log.

    `describe` builds the line with the number of dropped lines, which is written once the reader
    reads again. A regular file cannot stall, so it is written to directly.
    """

    def __init__(self, target: TextIO, describe: Callable[[int], str]) -> None:
        self.target = target
        self._describe = describe
        self._queue: SimpleQueue[str | None] = SimpleQueue()
        self._accepted = self._written = 0
        self.dropped = self._reported = 0
        self._has_gap = self._is_draining = False
        self._deadline: float | None = None
        self._descriptor = _descriptor_of(target)
        if self._descriptor is not None:
            writer = threading.Thread(target=self._write_all, name="log-writer", daemon=True)
            try:
                writer.start()
            except RuntimeError:
                os.close(self._descriptor)
                raise StartupError(NO_THREAD) from None

    def write(self, text: str) -> int:
        """Queue lines for writing, or drop them if the queue is full."""
        if self._descriptor is None:
            self._write_at_once(text)
        elif self._accepted - self._written + len(text) > MAXIMUM_CHARACTERS:
            self.dropped += text.count("\n")
            self._has_gap = True
        else:
            if self._has_gap:
                self._has_gap = False
                self._queue.put(None)  # writes the number of dropped lines at their position
            self._accepted += len(text)
            self._queue.put(text)
        if self._is_draining:
            self._wait()
        return len(text)

    def flush(self) -> None:
        """Do nothing: lines are written by the thread, and callers must not wait."""

    def drain(self) -> None:
        """Wait at most a second until everything is written, and do so after each line from now on.

        For the end of the process, when the event loop no longer serves requests.
        """
        self._is_draining = True
        self._wait()

    def close(self) -> None:
        """Let the thread end once it has written everything; wait as `drain` does."""
        self.drain()
        self._queue.put(END)

    def _wait(self) -> None:
        if self._deadline is None:
            self._deadline = time.monotonic() + DRAIN_SECONDS
        while self._written < self._accepted and time.monotonic() < self._deadline:
            time.sleep(POLL_SECONDS)

    def _write_at_once(self, text: str) -> None:
        """Write to a regular file; the end of a server must not fail if its disk is full."""
        try:
            self.target.write(text)
            self.target.flush()
        except OSError:
            self._lose(text)

    def _write_all(self) -> None:
        """Write the queued lines, in the thread."""
        while True:
            text = self._queue.get()
            if text:
                self._put(text)
                self._written += len(text)
            dropped = self.dropped - self._reported
            if dropped and (not text or self._queue.empty()):
                self._reported += dropped
                self._put(self._describe(dropped) + "\n")
            if text is END:
                os.close(self._descriptor or 0)
                return

    def _put(self, text: str) -> None:
        """Write to the descriptor itself: a Python stream would hold its lock meanwhile."""
        assert self._descriptor is not None  # noqa: S101 - for the type checker
        data = memoryview(text.encode(errors="backslashreplace"))
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError:  # the reader is gone
            self._lose(text)

    def _lose(self, text: str) -> None:
        """Count lines that the target refused: it would refuse the line with their number, too."""
        self.dropped += text.count("\n")
        self._reported += text.count("\n")


def print_at_once(text: str) -> None:
    """Print to standard output, and give up on a reader that stalls for a second."""
    output = LogOutput(sys.stdout, lambda count: f"{count} lines dropped")
    output.write(f"{text}\n")
    output.close()


def _descriptor_of(target: TextIO) -> int | None:
    """Return a descriptor for a target that may stall; None for files and for streams of tests."""
    try:
        descriptor = target.fileno()
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        return os.dup(descriptor)
    except (OSError, ValueError, AttributeError):
        return None
