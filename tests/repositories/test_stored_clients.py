"""Clients: ids that stay taken, versions, secrets that are replaced, and the last use."""

import asyncio
from datetime import timedelta

from sqlalchemy import delete

from app.database.database import Database
from app.models.clients.clients import Client
from app.models.clients.clients import clients as table
from app.repositories.clients.client_usage import ClientUsageRepository
from app.repositories.clients.clients import ClientRepository, delete_rows_of_clients
from app.repositories.operations.housekeeping import HousekeepingRepository
from tests.repositories.conftest import NOW, new_client
from tests.support.events import new_event
from tests.support.parts import count, open_database


async def stored(database: Database, **values: object) -> Client:
    client = new_client(**{"registration_expires_at": None, "version": 1, **values})
    assert await ClientRepository(database).add(client, event=new_event()) is None
    return client


async def current(database: Database, client: Client) -> Client:
    found = await ClientRepository(database).find(client.client_id, now=NOW)
    assert found is not None
    return found


async def test_the_id_of_a_client_is_never_given_again(database: Database) -> None:
    clients, client = ClientRepository(database), await stored(database)
    same_id = new_client(client_id=client.client_id)
    same_name = new_client(unique_name=client.unique_name)

    while_it_exists = await clients.add(same_id, event=new_event())
    by_name = await clients.add(same_name, event=new_event())
    await clients.delete(client.client_id, now=NOW, event=new_event())
    afterwards = await clients.add(same_id, event=new_event())

    assert (while_it_exists, by_name, afterwards) == ("client_id", "client_name", "client_id")
    assert await clients.add(same_name, event=new_event()) is None


async def test_every_change_of_a_client_increases_its_version(database: Database) -> None:
    clients, client = ClientRepository(database), await stored(database)

    for values in ({"trust": "verified"}, {"disabled_at": NOW}, {"secret_digest": b"new"}):
        before = await current(database, client)
        assert await clients.change(before, before._replace(**values), event=new_event())
    latest = await current(database, client)
    changed = latest._replace(client_name="Another")

    assert latest.version == 4
    assert await clients.change(latest, changed, event=new_event())
    assert not await clients.change(latest, changed, event=new_event())
    assert (await current(database, client)).version == 5


async def test_the_first_use_does_not_change_the_version(database: Database) -> None:
    client = await stored(database, registration_expires_at=NOW + timedelta(days=1))

    await ClientRepository(database).mark_used(client.client_id)

    found = await current(database, client)
    assert (found.version, found.registration_expires_at) == (1, None)


async def test_the_latest_use_of_a_client_is_stored(database: Database) -> None:
    """Workers write in any order"""
    usage = ClientUsageRepository(database)
    first, second = [(await stored(database)).client_id for _ in "12"]
    later = NOW + timedelta(minutes=5)

    await usage.record({first: later, second: NOW})
    await usage.record({first: NOW, second: later})

    assert await usage.last_token_at(first) == await usage.last_token_at(second) == later


async def test_the_use_of_a_client_that_was_deleted_meanwhile_is_not_stored(
    database: Database,
) -> None:
    usage, client = ClientUsageRepository(database), await stored(database)

    await usage.record({"deleted": NOW, client.client_id: NOW})

    assert await usage.last_token_at("deleted") is None
    assert await usage.last_token_at(client.client_id) == NOW


async def test_a_deleted_client_leaves_no_record_of_its_use(database: Database) -> None:
    client = await stored(database)
    await ClientUsageRepository(database).record({client.client_id: NOW})

    await ClientRepository(database).delete(client.client_id, now=NOW, event=new_event())

    assert await count(database, "client_usage") == 0


async def test_the_id_of_a_registration_that_expired_unused_is_retired(database: Database) -> None:
    clients, client = (
        ClientRepository(database),
        await stored(database, registration_expires_at=NOW),
    )

    deleted = await HousekeepingRepository(database).delete_unused_clients(
        before=NOW + timedelta(seconds=1), limit=10
    )

    assert deleted == 1
    same_id = new_client(client_id=client.client_id)
    assert await clients.add(same_id, event=new_event()) == "client_id"


async def test_an_id_is_not_given_again_while_its_client_is_being_deleted(
    database_url: str, database: Database
) -> None:
    client = await stored(database)
    same_id = new_client(client_id=client.client_id)
    async with open_database(database_url) as other, other.transaction() as connection:
        await connection.execute(delete(table).where(table.c.client_id == client.client_id))
        adding = asyncio.create_task(ClientRepository(database).add(same_id, event=new_event()))
        await asyncio.sleep(0.1)
        await delete_rows_of_clients(connection, [client.client_id], now=NOW)

    assert await adding == "client_id"
