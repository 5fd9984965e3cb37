"""Clients with a metadata document, as administrators see them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from app.details import Detail
from app.errors import NotFoundError
from app.repositories.clients.agents import Agent, AgentRepository
from app.security.document_urls import LONG_URL, stored_client_id

AT_ONCE = 500
"""Clients in one statement."""

Naming = Callable[[str], str]
"""Returns a text with the URLs of clients in place of what is stored of them."""


class AgentService:
    def __init__(self, agent_repository: AgentRepository) -> None:
        self._agent_repository = agent_repository

    async def get(self, client_id: str) -> Agent:
        """Return an agent by its URL or the stored form of it; raise `NotFoundError` if it is
        unknown."""
        agent = await self._agent_repository.find(stored_client_id(client_id))
        if agent is None:
            raise NotFoundError(Detail.CLIENT_UNKNOWN)
        return agent

    async def list_page(
        self, *, host: str | None = None, after: str = "", limit: int
    ) -> Sequence[Agent]:
        """Return a page of agents, of one host or of all, ordered by `client_id`."""
        return await self._agent_repository.list_page(host=host, after=after, limit=limit)

    async def naming(self, texts: Iterable[str]) -> Naming:
        """Return a function that names the agents in these texts by their URLs.

        A long URL is stored as a digest, which says nothing to a reader. One whose document was
        deleted stays as it is.
        """
        digests = iter({each for text in texts for each in LONG_URL.findall(text)})
        urls: dict[str, str] = {}
        for some in _in_parts(digests):
            urls |= await self._agent_repository.urls_of(some)

        def name(text: str) -> str:
            return LONG_URL.sub(lambda found: urls.get(found[0], found[0]), text)

        return name


def _in_parts(digests: Iterator[str]) -> Iterator[list[str]]:
    while some := list(islice(digests, AT_ONCE)):
        yield some
