"""A database below the application, on SQLite and PostgreSQL, and rows for it."""

import secrets
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from app.database.database import Database
from app.models.clients import Client
from app.models.users import User
from tests.support.databases import Databases
from tests.support.parts import open_database

NOW = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)


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
    name = secrets.token_hex(8)
    return Client(
        **{
            "client_id": name,
            "client_name": "Büro “7”",
            "unique_name": name,
            "secret_digest": b"\x00\x01\xff" * 4,
            "token_endpoint_auth_method": None,
            "grant_types": "client_credentials refresh_token",
            "response_types": "code",
            "scope": "openid profile",
            "redirect_uris": "http://localhost:3000/callback https://a.example/%C3%BC",
            "metadata": '{"contacts": ["ä@b.example"]}',
            "disabled_at": None,
            "created_at": NOW,
            **values,
        }
    )


def new_user(**values: Any) -> User:
    name = secrets.token_hex(8)
    return User(
        **{
            "user_id": name,
            "username": "Ærøskøbing",
            "username_key": name,
            "password_hash": "$argon2id$",
            "otp_secret": b"\x00sealed\xff",
            "otp_confirmed_at": NOW,
            "otp_last_step": 2**40,
            "disabled_at": None,
            "created_at": NOW,
            **values,
        }
    )
