"""Searching for clients, and the index for it, which is written with the clients."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, exists, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.database import Database
from app.database.lock_retries import retries_on_lock
from app.models.clients.client_search import client_search
from app.models.clients.clients import Client, clients
from app.repositories.inserts import upsert
from app.schemas.search_words import client_words_of, end_of_prefix

client, found = clients.c, client_search.c
other = client_search.alias("other")

MAXIMUM_PREFIXES = 5


class ClientPosition(NamedTuple):
    """The last row of a page: the word by which the list is ordered, and the client."""

    word: str
    client_id: str


class ClientSearchRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_by_prefixes(
        self, prefixes: Sequence[str], *, after: ClientPosition | None = None, limit: int = 100
    ) -> Sequence[tuple[Client, ClientPosition]]:
        """Return clients of which each prefix begins a word, ordered by the word of the first."""
        first, *further = [*prefixes][:MAXIMUM_PREFIXES]
        is_earlier = exists().where(
            other.c.client_id == found.client_id, other.c.word >= first, other.c.word < found.word
        )  # a client is listed once
        query = (
            select(client_search.c.word, clients)
            .join(clients, client.client_id == found.client_id)
            .where(*_begins(found.word, first), ~is_earlier, *map(_has_word, further))
            .order_by(found.word, found.client_id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(tuple_(found.word, found.client_id) > tuple_(*after))
        rows: Sequence[Any] = await self._database.fetch_all(query)
        return [
            (each := Client(*row[1:]), ClientPosition(row.word, each.client_id)) for row in rows
        ]

    async def list_names(self, *, after: str, limit: int) -> Mapping[str, str]:
        """Return the names of a page of clients by their ids, beginning after the id `after`."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(client.client_id, client.client_name)
            .where(client.client_id > after)
            .order_by(client.client_id)
            .limit(limit)
        )
        return {row.client_id: row.client_name for row in rows}

    async def list_words(self, client_ids: Sequence[str]) -> Sequence[tuple[str, str]]:
        """Return the id and the word of each row of the index that is about these clients."""
        rows: Sequence[Any] = await self._database.fetch_all(
            select(found.client_id, found.word).where(found.client_id.in_(client_ids))
        )
        return [(row.client_id, row.word) for row in rows]

    @retries_on_lock
    async def index_again(self, client_ids: Sequence[str]) -> None:
        """Replace the words of clients by those that they have now."""
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                select(client.client_id, client.client_name)
                .where(client.client_id.in_(client_ids))
                .order_by(client.client_id)
                .with_for_update()
            )
            names = {row.client_id: row.client_name for row in rows.all()}
            await connection.execute(
                delete(client_search).where(found.client_id.in_(sorted(client_ids)))
            )
            await index_new_clients(connection, names)


async def index_new_clients(connection: AsyncConnection, names: Mapping[str, str]) -> None:
    """Index clients, by their ids, that were inserted in this transaction or have no words."""
    rows = [
        {"word": word, "client_id": client_id}
        for client_id, name in names.items()
        for word in client_words_of(client_id, name)
    ]
    if rows:
        await connection.execute(upsert(connection, client_search).on_conflict_do_nothing(), rows)


async def index_renamed_client(connection: AsyncConnection, client_id: str, name: str) -> None:
    """Index a client again that was renamed in this transaction."""
    await connection.execute(delete(client_search).where(found.client_id == client_id))
    await index_new_clients(connection, {client_id: name})


def _begins(word: ColumnElement[str], prefix: str) -> tuple[ColumnElement[bool], ...]:
    return (word >= prefix, word < end_of_prefix(prefix))


def _has_word(prefix: str) -> ColumnElement[bool]:
    return exists().where(other.c.client_id == found.client_id, *_begins(other.c.word, prefix))
