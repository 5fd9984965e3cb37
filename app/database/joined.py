"""One transaction that several repository methods join, instead of one for each.

The methods that are awaited inside `joined_by` see each other's changes, and commit together when
the outer transaction ends. A method that fails or gives up undoes its own changes, as ever. Batched
steps cannot join: they run in tasks and connections of their own.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy.ext.asyncio import AsyncConnection

_connection: ContextVar[AsyncConnection | None] = ContextVar("joined_connection", default=None)
current_connection = _connection.get


@contextmanager
def joined_by(connection: AsyncConnection) -> Iterator[None]:
    """Let the repository methods in the context join the transaction of a connection."""
    token = _connection.set(connection)
    try:
        yield
    finally:
        _connection.reset(token)
