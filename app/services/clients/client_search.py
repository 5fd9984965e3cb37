"""Searching for clients, and keeping the index complete."""

from collections import defaultdict
from collections.abc import Sequence

from app.models.clients.clients import Client
from app.repositories.clients.client_search import ClientPosition, ClientSearchRepository
from app.schemas.search_words import client_words_of, split_words
from app.security.text import is_storable


class ClientSearch:
    """Searches. Text with control characters finds nothing, since no name contains any."""

    def __init__(self, client_search_repository: ClientSearchRepository) -> None:
        self._client_search_repository = client_search_repository
        self._compared_up_to = ""

    async def find(
        self, text: str, *, after: ClientPosition | None = None, limit: int = 100
    ) -> Sequence[tuple[Client, ClientPosition]]:
        """Return clients of which each word of a text begins the id or a word of the name, in any
        case."""
        prefixes = sorted(split_words([text]), key=len, reverse=True)
        if not prefixes or not is_storable(text):
            return []
        return await self._client_search_repository.list_by_prefixes(
            prefixes, after=after, limit=limit
        )

    async def index_due(self, *, before: object, limit: int) -> int:
        """Index clients that a release without the index has stored or renamed, and return how
        many; a task of housekeeping.

        Each run compares the next `limit` clients with the index.
        """
        del before  # there is no age at which clients are indexed
        names = await self._client_search_repository.list_names(
            after=self._compared_up_to, limit=limit
        )
        self._compared_up_to = max(names) if len(names) == limit else ""
        if not names:
            return 0
        indexed: defaultdict[str, set[str]] = defaultdict(set)
        for client_id, word in await self._client_search_repository.list_words(sorted(names)):
            indexed[client_id].add(word)
        due = [
            client_id
            for client_id, name in names.items()
            if indexed[client_id] != set(client_words_of(client_id, name))
        ]
        if due:
            await self._client_search_repository.index_again(due)
        return len(due)
