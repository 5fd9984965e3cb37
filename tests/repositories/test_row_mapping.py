"""What a look-up selects is what its value class holds, and comes back as it was stored."""

from typing import Any

import pytest
from sqlalchemy import Select

from app.database.database import Database
from app.models.access_tokens import AccessToken, access_tokens
from app.models.clients import Client, clients
from app.models.refresh_tokens import RefreshToken
from app.models.users import User, users
from app.repositories import access_tokens as access_token_queries
from app.repositories import refresh_tokens as refresh_token_queries
from app.repositories.access_tokens import AccessTokenRepository
from app.repositories.clients import ClientRepository
from app.repositories.inserts import insert_once
from app.repositories.users import UserRepository
from tests.repositories.conftest import NOW, new_client, new_user

# Where a column's own name would be ambiguous, the field says whose it is.
OTHER_NAMES = {
    ("token_families", "expires_at"): "family_expires_at",
    ("successor", "used_at"): "successor_used_at",
}


def field_names(value_class: Any) -> list[str]:
    """Of a named tuple or of a dataclass."""
    if hasattr(value_class, "_fields"):
        return list(value_class._fields)
    return list(value_class.__dataclass_fields__)


def selected_names(statement: Select[Any]) -> list[str]:
    columns: list[Any] = list(statement.selected_columns)
    return [OTHER_NAMES.get((column.table.name, column.name), column.name) for column in columns]


def test_a_user_has_the_columns_of_its_table_in_their_order() -> None:
    assert field_names(User) == [column.name for column in users.columns]


def test_a_client_has_the_columns_of_its_table_in_their_order() -> None:
    assert field_names(Client) == [column.name for column in clients.columns]


def test_an_access_token_has_what_its_look_up_selects_in_that_order() -> None:
    assert field_names(AccessToken) == selected_names(access_token_queries.LIVING)


def test_a_refresh_token_has_what_its_look_up_selects_in_that_order() -> None:
    assert field_names(RefreshToken) == selected_names(refresh_token_queries.LIVING)


async def test_a_client_comes_back_as_it_was_stored(database: Database) -> None:
    repository = ClientRepository(database)
    stored = new_client()
    await repository.add(stored)

    found = await repository.find(stored.client_id)
    listed = await repository.list_page()

    assert found == stored
    assert listed == [stored]


async def test_a_client_without_its_optional_parts_comes_back_as_it_was_stored(
    database: Database,
) -> None:
    repository = ClientRepository(database)
    stored = new_client(unique_name=None, secret_digest=None, disabled_at=NOW, metadata="{}")
    await repository.add(stored)

    assert await repository.find(stored.client_id) == stored


async def test_a_person_comes_back_as_stored(database: Database) -> None:
    repository = UserRepository(database)
    stored = new_user()
    bare = new_user(otp_secret=None, otp_confirmed_at=None, otp_last_step=None)
    await repository.add(stored)
    await repository.add(bare)

    assert await repository.find_by_key(stored.username_key) == stored
    assert await repository.find_by_key(bare.username_key) == bare


async def test_an_access_token_comes_back_with_its_persons_name(database: Database) -> None:
    client, user = new_client(), new_user()
    await ClientRepository(database).add(client)
    await UserRepository(database).add(user)
    insert = database.step(insert_once(database, access_tokens, user_id="user_id"))
    values = {"client_id": client.client_id, "user_id": user.user_id, "scope": "profile"}
    await insert(digest=b"d" * 32, issued_at=NOW, expires_at=NOW.replace(hour=13), **values)

    found = await AccessTokenRepository(database).find_living(b"d" * 32, now=NOW)

    assert found == AccessToken(
        client_id=client.client_id,
        user_id=user.user_id,
        scope="profile",
        issued_at=NOW,
        expires_at=NOW.replace(hour=13),
        username=user.username,
        otp_confirmed_at=user.otp_confirmed_at,
    )


@pytest.mark.parametrize("value", [new_client(), new_user()], ids=["client", "user"])
def test_values_cannot_be_changed(value: Any) -> None:
    with pytest.raises(AttributeError):
        value.disabled_at = NOW
