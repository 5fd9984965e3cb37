"""A database below the application, on SQLite and PostgreSQL, and rows for it."""

import secrets
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Table

from app.database.database import Database
from app.database.types import Instant
from app.models.accounts.users import User, users
from app.models.clients.clients import Client, clients
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.parts import open_database

CLOCK = FakeClock()
CLOCK.advance(seconds=0.123456)  # a mapping that cuts fractions of a second off is found
NOW = CLOCK.now()


@pytest_asyncio.fixture
async def database_url(databases: Databases, database_kind: str) -> str:
    return await databases.migrated(database_kind)


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url) as made:
        yield made


@pytest_asyncio.fixture
async def postgresql_url(databases: Databases) -> str:
    return await databases.migrated("postgresql")


Row = dict[str, Any]


@pytest.fixture
def access_token_row() -> Callable[..., Row]:
    """Values for a step that inserts into access_tokens."""

    def make(**values: Any) -> Row:
        return {
            "digest": secrets.token_bytes(32),
            "client_id": "a-client",
            "scope": "profile",
            "issued_at": NOW,
            "expires_at": NOW + timedelta(hours=1),
            **values,
        }

    return make


def new_client(**values: Any) -> Client:
    still_valid = {"disabled_at": None, "registration_expires_at": NOW + timedelta(days=30)}
    return Client(**{**samples(clients), **still_valid, **values})


def new_user(**values: Any) -> User:
    return User(**{**samples(users), "disabled_at": None, **values})


def samples(table: Table) -> dict[str, Any]:
    """A value for each column: one that a careless mapping would spoil."""
    return {column.name: sample(column) for column in table.columns}


def sample(column: Column[Any]) -> Any:
    if isinstance(column.type, Instant):
        return NOW
    if isinstance(column.type, LargeBinary):
        return b"\x00" + secrets.token_bytes(16) + b"\xff"
    if isinstance(column.type, BigInteger):
        return 2**40
    if isinstance(column.type, Integer):
        return 2**30
    return f"“ä” {secrets.token_hex(8)}"
