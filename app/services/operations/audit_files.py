"""Files of archived audit events: append-only JSON lines, each chained to the one before."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.errors import InvalidInputError
from app.models.operations.audit_events import AuditEvent
from app.repositories.operations.audit_events import Head, hash_of

MODE = 0o600
BEGINNING = Head(0, bytes(32))
TEXTS = ("action", "outcome", "actor", "user_id", "client_id", "address", "request_id")


def line_of(event: AuditEvent) -> bytes:
    """Return an event as a line, from which `event_of` restores the same event."""
    row = {
        "sequence": event.sequence,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        **{name: getattr(event, name) for name in TEXTS},
        "details": _readable(event.details),
        "previous_hash": event.previous_hash.hex(),
        "hash": event.hash.hex(),
    }
    return json.dumps(row).encode() + b"\n"


def event_of(line: bytes) -> AuditEvent:
    """Parse a line; raise ValueError, KeyError or TypeError if it is not one of `line_of`."""
    row: dict[str, Any] = json.loads(line)
    details = row["details"]
    return AuditEvent(
        sequence=int(row["sequence"]),
        at=datetime.fromisoformat(row["at"]),
        **{name: row[name] for name in TEXTS},
        details=details if isinstance(details, str) else json.dumps(details, sort_keys=True),
        previous_hash=bytes.fromhex(row["previous_hash"]),
        hash=bytes.fromhex(row["hash"]),
    )


def is_next(event: AuditEvent, last: Head) -> bool:
    """Return whether an event follows another in the chain, and is as it was written."""
    follows = event.sequence == last.sequence + 1 and event.previous_hash == last.hash
    return follows and hash_of(event) == event.hash


def read_events(path: Path) -> Iterator[AuditEvent]:
    """Yield the events of a file; raise `InvalidInputError` for any other line."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    yield event_of(line)
                except (ValueError, KeyError, TypeError):
                    raise InvalidInputError(
                        f"{path}: line {number} is not an audit event."
                    ) from None
    except OSError as error:
        raise InvalidInputError(f"{path}: {error.strerror}.") from None


class ArchiveFile:
    """A new archive, or an existing one that is continued. Nothing in it is overwritten.

    `head` is its last complete event. An incomplete last line, as after a crash, is completed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.head: Head | None = None
        self.first = 0
        self._rest = b""
        self._descriptor = -1

    def __enter__(self) -> Self:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, MODE)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.fchmod(self._descriptor, MODE)
            self._read()
        except BlockingIOError:
            self._close()
            raise InvalidInputError(f"{self._path}: another command is writing to it.") from None
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._close()

    def append(self, event: AuditEvent) -> None:
        line = line_of(event)
        if not line.startswith(self._rest):
            raise InvalidInputError(
                f"{self._path}: its last line does not belong to this audit log."
            )
        remaining = memoryview(line)[len(self._rest) :]
        while remaining:
            remaining = remaining[os.write(self._descriptor, remaining) :]
        self._rest = b""
        self.first = self.first or event.sequence
        self.head = Head(event.sequence, event.hash)

    def sync(self) -> None:
        """Return when the file and its directory entry are on the disk.

        Raise `InvalidInputError` if the last line is still incomplete.
        """
        if self._rest:
            raise InvalidInputError(
                f"{self._path}: its last line is incomplete and no event completes it."
            )
        os.fsync(self._descriptor)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def _read(self) -> None:
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    self._rest = line
                    break
                event = None
                with suppress(ValueError, KeyError, TypeError):
                    event = event_of(line)
                last = self.head or (
                    Head(event.sequence - 1, event.previous_hash) if event else None
                )
                if event is None or last is None or not is_next(event, last):
                    raise InvalidInputError(
                        f"{self._path}: not an archive of audit events. Choose a new file."
                    )
                self.first = self.first or event.sequence
                self.head = Head(event.sequence, event.hash)

    def _close(self) -> None:
        os.close(self._descriptor)


def _readable(details: str) -> Any:
    """Return details as JSON if they serialise to the same text again, else the text."""
    with suppress(ValueError):
        parsed = json.loads(details)
        if isinstance(parsed, dict) and json.dumps(parsed, sort_keys=True) == details:
            return parsed
    return details
