"""Which exceptions of asyncpg mean that the database is away, and which are bugs."""

import asyncpg
import pytest
from asyncpg.exceptions._base import DataError, ProtocolError

from app.database.errors import is_unavailability


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InterfaceError("cannot perform operation: connection is closed"),
        asyncpg.InternalClientError("got result for unknown protocol state"),
        ProtocolError("unexpected message in the middle of another"),
        asyncpg.TargetServerAttributeNotMatched("None of the hosts match the target attribute"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
    ],
)
def test_a_broken_or_standby_connection_means_the_database_is_unavailable(error: Exception) -> None:
    """SECURITY_BAR fault 2"""
    assert is_unavailability(error)


def test_a_value_of_the_wrong_type_is_a_bug() -> None:
    assert not is_unavailability(DataError("invalid input for $1"))
