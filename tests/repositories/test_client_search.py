"""Finding clients by the beginnings of words, and an index that stays complete."""

import pytest
from sqlalchemy import delete, text

from app.database.database import Database
from app.models.clients.client_search import client_search
from app.models.clients.clients import Client
from app.repositories.clients.client_search import ClientPosition, ClientSearchRepository
from app.repositories.clients.clients import ClientRepository
from app.services.clients.client_search import ClientSearch
from tests.repositories.conftest import NOW, new_client
from tests.support.events import new_event


async def stored(database: Database, client_id: str, name: str) -> Client:
    client = new_client(client_id=client_id, client_name=name)
    assert await ClientRepository(database).add(client, event=new_event()) is None
    return client


def search_in(database: Database) -> ClientSearch:
    return ClientSearch(ClientSearchRepository(database))


async def ids(database: Database, search: str) -> list[str]:
    return [client.client_id for client, _ in await search_in(database).find(search)]


async def words(database: Database) -> set[tuple[str, str]]:
    names = await ClientSearchRepository(database).list_names(after="", limit=100)
    return set(await ClientSearchRepository(database).list_words(sorted(names)))


async def index_all(database: Database) -> list[int]:
    search = search_in(database)
    return [await search.index_due(before=None, limit=2) for _ in range(3)]


async def test_a_client_is_found_by_its_id_and_by_each_word_of_its_name(
    database: Database,
) -> None:
    await stored(database, "Team-Wiki", "The Wiki of the Team")
    await stored(database, "reports", "Straße 100% Reports")

    assert await ids(database, "team") == ["Team-Wiki"]  # once, though two words begin so
    assert await ids(database, "WIK the") == ["Team-Wiki"]
    assert await ids(database, "strasse") == ["reports"]
    assert await ids(database, "100%") == ["reports"]
    assert await ids(database, "%") == []
    assert await ids(database, "wik rep") == []


async def test_pages_continue_after_the_last_row(database: Database) -> None:
    expected = [f"app-{number}" for number in range(5)]
    for client_id in expected:
        await stored(database, client_id, "An app of many")
    found: list[str] = []
    after: ClientPosition | None = None
    while page := await search_in(database).find("app", after=after, limit=2):
        found += [client.client_id for client, _ in page]
        after = page[-1][1]

    assert sorted(found) == expected


async def test_a_renamed_or_deleted_client_is_not_found_by_its_old_name(
    database: Database,
) -> None:
    clients, client = ClientRepository(database), await stored(database, "one", "Before")
    renamed = client._replace(client_name="After")
    assert await clients.change(client, renamed, event=new_event())

    assert (await ids(database, "before"), await ids(database, "after")) == ([], ["one"])
    await clients.delete("one", now=NOW, event=new_event())
    assert await ids(database, "after") == []
    left = await ClientSearchRepository(database).list_words(["one"])
    assert left == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE clients SET client_name = 'Renamed by the release before'",
        "DELETE FROM client_search",
        "UPDATE client_search SET word = 'stale-' || word",
    ],
)
async def test_what_a_release_without_the_index_stores_is_indexed_later(
    database: Database, statement: str
) -> None:
    for client_id in ("a", "b", "c"):
        await stored(database, client_id, "A name")
    async with database.transaction() as connection:
        await connection.execute(text(statement))

    first, again = await index_all(database), await index_all(database)

    assert (first[:2], again) == ([2, 1], [0, 0, 0])
    names = await ClientSearchRepository(database).list_names(after="", limit=10)
    assert await words(database) == {
        (client_id, word)
        for client_id, name in names.items()
        for word in (client_id, *name.lower().split())
    }


async def test_a_client_that_is_deleted_meanwhile_is_not_indexed(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(delete(client_search))

    await ClientSearchRepository(database).index_again(["gone"])

    assert await ClientSearchRepository(database).list_words(["gone"]) == []
