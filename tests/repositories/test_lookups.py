"""Look-ups on both databases: found as soon as it was answered, no key harms another."""

import asyncio
import secrets
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.database.database import Database
from app.database.sqlite import WORTH_A_TRANSACTION, QuickReader
from app.database.statements import CompiledLookup, Values
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.access_tokens import AccessTokenRepository
from tests.repositories.conftest import NOW, new_client
from tests.support.application import Application, TestClient
from tests.support.events import new_event


async def test_a_token_is_found_as_soon_as_it_is_stored(database: Database) -> None:
    client = new_client()
    await ClientRepository(database).add(client, event=new_event())
    tokens = AccessTokenRepository(database)

    async def store_and_find() -> Any:
        digest = secrets.token_bytes(32)
        await tokens.store_for_client(
            digest,
            client_id=client.client_id,
            scope="profile",
            issued_at=NOW,
            expires_at=NOW + timedelta(hours=1),
            audience=None,
            confirmation=None,
            authorization_details=None,
            use=None,
        )
        return await tokens.find_valid(digest, now=NOW)

    found = await asyncio.gather(*(store_and_find() for _ in range(500)))

    assert None not in found


@pytest.mark.slow
async def test_five_hundred_concurrently_issued_tokens_are_active_immediately(
    app: Application, client: TestClient
) -> None:
    async def issue_and_introspect() -> bool:
        token = (await app.client_credentials(client)).json()["access_token"]
        return await app.is_active(client, token)

    answers = await asyncio.gather(*(issue_and_introspect() for _ in range(500)))

    assert answers == [True] * 500


async def test_a_change_is_visible_to_every_later_lookup(database: Database) -> None:
    repository = ClientRepository(database)
    client = new_client()
    await repository.add(client, event=new_event())
    for disabled_at in (NOW, None) * 10:
        others = [asyncio.create_task(repository.find(client.client_id, now=NOW)) for _ in range(5)]
        changed = client._replace(disabled_at=disabled_at)
        assert await repository.change(client, changed, event=new_event())

        found = await repository.find(client.client_id, now=NOW)

        assert found is not None
        assert found.disabled_at == disabled_at
        client = found
        await asyncio.gather(*others)


async def test_known_and_unknown_keys_can_share_a_batch(database: Database) -> None:
    repository = ClientRepository(database)
    clients = [new_client() for _ in range(20)]
    for client in clients:
        await repository.add(client, event=new_event())
    keys = [key for client in clients for key in (client.client_id, f"not-{client.client_id}")]

    found = await asyncio.gather(*(repository.find(key, now=NOW) for key in keys))

    assert found[::2] == clients
    assert found[1::2] == [None] * 20


async def test_a_key_repeated_in_a_batch_is_found_by_every_caller(database: Database) -> None:
    repository = ClientRepository(database)
    client = new_client()
    await repository.add(client, event=new_event())

    found = await asyncio.gather(*(repository.find(client.client_id, now=NOW) for _ in range(300)))

    assert found == [client] * 300


async def test_a_key_that_cannot_be_stored_is_not_found_and_does_not_affect_others(
    database: Database,
) -> None:
    """SECURITY_BAR row 44: a lone surrogate that got this far."""
    repository = ClientRepository(database)
    client = new_client()
    await repository.add(client, event=new_event())
    keys = [client.client_id, "\ud800", client.client_id]

    found = await asyncio.gather(
        *(repository.find(key, now=NOW) for key in keys), return_exceptions=True
    )

    assert found == [client, None, client]


async def test_concurrent_lookups_of_one_key_share_one_query(database: Database) -> None:
    client = new_client()
    await ClientRepository(database).add(client, event=new_event())
    find_at_once = database.backend.find_at_once
    if find_at_once is None:
        pytest.skip("PostgreSQL looks up the keys of a batch in one statement anyway")
    queries: list[Any] = []

    def counted(lookup: CompiledLookup, key: Any) -> Values | None:
        queries.append(key)
        return find_at_once(lookup, key)

    database.backend.find_at_once = counted
    repository = ClientRepository(database)

    found = await asyncio.gather(*(repository.find(client.client_id, now=NOW) for _ in range(10)))

    assert found == [client] * 10
    assert queries == [client.client_id]


async def test_reads_of_one_turn_share_a_snapshot_that_ends_with_it(database: Database) -> None:
    """On SQLite they share a transaction; what is committed afterwards is seen by the next turn."""
    repository = ClientRepository(database)
    clients = [new_client() for _ in range(2 * WORTH_A_TRANSACTION)]
    for client in clients:
        await repository.add(client, event=new_event())

    for disabled_at in (NOW, None, NOW):
        first = await asyncio.gather(
            *(repository.find(each.client_id, now=NOW) for each in clients)
        )
        assert first == clients
        changed = [each._replace(disabled_at=disabled_at) for each in clients]
        for before, after in zip(clients, changed, strict=True):
            assert await repository.change(before, after, event=new_event())
        found = await asyncio.gather(
            *(repository.find(each.client_id, now=NOW) for each in clients)
        )
        clients = [each for each in found if each is not None]
        assert len(clients) == len(first)
        assert [each.disabled_at for each in clients] == [disabled_at] * len(clients)


async def test_a_reader_of_the_event_loop_keeps_no_transaction_open(tmp_path: Path) -> None:
    """An open snapshot would keep the file of the log growing, and be older than later requests."""
    path = tmp_path / "reads.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("CREATE TABLE rows (key TEXT PRIMARY KEY, value INTEGER)")
        other.executemany("INSERT INTO rows VALUES (?, 0)", [(str(key),) for key in range(9)])
        other.commit()
        reader = QuickReader(path, synchronous="NORMAL")
        lookup = CompiledLookup("SELECT key, value FROM rows WHERE key = ?", ())

        def values() -> list[Any]:
            return [found[0] for key in range(9) if (found := reader.find(lookup, str(key)))]

        seen = []
        for value in range(1, 4):
            other.execute("UPDATE rows SET value = ?", (value,))
            other.commit()
            seen.append(values())
            await asyncio.sleep(0)  # the turn ends

        busy = other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        reader.close()

    assert seen == [[1] * 9, [2] * 9, [3] * 9]
    assert busy == 0
