"""Translate exceptions of the database drivers into Postern's own errors."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from app.database.constraints import Unique, violated
from app.errors import DatabaseUnavailableError
from app.observability import request_context
from app.observability.logging import logger

log = logger(__name__)


class ConflictingRowError(Exception):
    """A row violates a unique constraint that the caller expected; nothing was stored."""

    def __init__(self, constraint: Unique) -> None:
        super().__init__(constraint.name)
        self.constraint = constraint


class RefusedRowError(Exception):
    """The database refused a row for a reason that no caller expects; nothing was stored.

    This is a bug, or the schema belongs to another release. The message is the first line of the
    driver's message: PostgreSQL adds the values of the row, which must not be logged.
    """


class UnstorableValueError(RefusedRowError):
    """The database cannot hold a value: a NUL, a lone surrogate, or a number that is too large."""


class RowLockedError(Exception):
    """Another transaction holds a lock, so nothing was stored; can be retried at once."""


class OutcomeUnknownError(DatabaseUnavailableError):
    """No response to a write arrived, nor to a retry on a new connection, if there was one."""


# Connection, no such database, wrong password, deadlock, resources, operator intervention, system
# error.
UNAVAILABLE_CLASSES = frozenset({"08", "3D", "28", "40", "53", "57", "58"})
# Wrong user or password, no such database.
MISCONFIGURED_CLASSES = frozenset({"28", "3D"})
# A lock that was not granted in time, and a server that is read-only, for example after a failover.
UNAVAILABLE_STATES = frozenset({"55P03", "25006"})


# A lock that was not granted in time, a deadlock, and a serialization failure.
LOCKED_STATES = frozenset({"55P03", "40P01", "40001"})

# A connection that is closed or busy, broke in the middle of a message, or leads to a standby. By
# name, so that asyncpg need not be installed or imported. Errors about wrong arguments are
# subclasses, too.
ASYNCPG_CLIENT_ERRORS = frozenset(
    {
        "InterfaceError",
        "InternalClientError",
        "ProtocolError",
        "TargetServerAttributeNotMatched",
    }
)


def warn_of_unknown_outcome() -> None:
    """Log that it is unknown whether the change of this request was committed."""
    request_id = request_context.request_id()
    log.warning(
        "outcome unknown: the database did not respond while a change was committed (request %s)",
        request_id or "-",
        extra={"request_id": request_id},
    )


@contextmanager
def translated_errors(*expected: Unique, retries_on_lock: bool = False) -> Iterator[None]:
    """Translate driver exceptions that are raised in the block; a bug is raised unchanged.

    Only a violation of a constraint in `expected` becomes a `ConflictingRowError`. With
    `retries_on_lock` a lock that was not granted becomes a `RowLockedError`.
    """
    try:
        yield
    except Exception as error:
        if retries_on_lock and is_lock(driver_error(error)):
            raise RowLockedError from error
        translated = translate(error, *expected)
        if translated is error:
            raise
        if isinstance(translated, RefusedRowError):
            raise translated from None  # the driver's exception has the values of the row
        raise translated from error


def translate(error: BaseException, *expected: Unique) -> Exception:
    """Return Postern's error for a driver's exception, or the exception itself if it is a bug."""
    cause = driver_error(error)
    if isinstance(cause, ConflictingRowError | RefusedRowError):
        return cause
    if is_refusal(cause):
        return _refusal(cause, expected).with_traceback(error.__traceback__)
    if is_unavailability(cause) or isinstance(error, exc.TimeoutError):
        log.warning("database unavailable: %s: %s", type(cause).__name__, cause)
        return DatabaseUnavailableError()
    return error if isinstance(error, Exception) else DatabaseUnavailableError()


def _refusal(cause: BaseException, expected: tuple[Unique, ...]) -> Exception:
    constraint = violated(cause, expected)
    if constraint is not None:
        return ConflictingRowError(constraint)
    state = sqlstate(cause)
    if isinstance(cause, sqlite3.DataError | UnicodeEncodeError) or (state or "")[:2] == "22":
        return UnstorableValueError(f"{type(cause).__name__} {state or ''}".strip())
    return RefusedRowError(f"{type(cause).__name__}: {reason_of(cause)}")


def driver_error(error: BaseException) -> BaseException:
    """Return the exception of asyncpg or sqlite3 that SQLAlchemy wrapped, once or twice."""
    while isinstance(error, exc.DBAPIError) and error.orig is not None:
        error = error.orig
    return error.__cause__ if sqlstate(error.__cause__) is not None else error  # type: ignore[return-value]  # it has a state, so it is not None


def reason_of(error: BaseException) -> str:
    """Return the first line of the driver's message."""
    cause = driver_error(error.__cause__ or error)
    return (str(cause) or type(cause).__name__).splitlines()[0]


def is_misconfigured(error: BaseException) -> bool:
    """Return whether the user, password or database name is wrong, so that a retry cannot help."""
    state = sqlstate(driver_error(error.__cause__ or error))
    return state is not None and state[:2] in MISCONFIGURED_CLASSES


def is_database_error(error: BaseException) -> bool:
    """Return whether an error comes from the database or the connection to it."""
    own_errors = (
        DatabaseUnavailableError,
        ConflictingRowError,
        RefusedRowError,
        exc.SQLAlchemyError,
        sqlite3.Error,
    )
    if isinstance(error, own_errors):
        return True
    return sqlstate(error) is not None or type(error).__name__ in ASYNCPG_CLIENT_ERRORS


def is_refusal(error: BaseException) -> bool:
    """Return whether the database refused this row; other rows of the batch may still be stored."""
    if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError | UnicodeEncodeError):
        return True
    state = sqlstate(error)
    return state is not None and state[:2] in ("22", "23")


def is_lock(error: BaseException) -> bool:
    """Return whether another transaction's lock was the only cause: nothing happened, retry."""
    if isinstance(error, sqlite3.OperationalError):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
    return sqlstate(error) in LOCKED_STATES


def is_unavailability(error: BaseException) -> bool:
    """Return whether the database was unreachable, too slow, locked or full; a retry may work."""
    if isinstance(error, sqlite3.OperationalError):  # also raised for a wrong statement
        return getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR
    if isinstance(error, OSError | TimeoutError):
        return True
    state = sqlstate(error)
    if state is not None:
        return state[:2] in UNAVAILABLE_CLASSES or state in UNAVAILABLE_STATES
    return type(error).__name__ in ASYNCPG_CLIENT_ERRORS


def is_lost_connection(error: BaseException) -> bool:
    """Return whether the connection was lost, so that the outcome of a commit is unknown."""
    state = sqlstate(error)
    if state is not None:
        return state[:2] in ("08", "57") and state != "57014"
    if isinstance(error, TimeoutError):
        return False
    return isinstance(error, OSError) or type(error).__name__ in ASYNCPG_CLIENT_ERRORS


def may_have_committed(error: BaseException) -> bool:
    """Return whether a change may have been committed although the driver raised this."""
    state = sqlstate(error)
    if state is not None and state[:2] == "57":
        return False  # the server reports that it aborted
    return is_lost_connection(error) or isinstance(error, TimeoutError)


def sqlstate(error: BaseException | None) -> str | None:
    """Return the SQLSTATE of an error: five characters, or None if it has none."""
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else None
