"""Queries of administrators about clients with a document."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from app.database.database import Database
from app.models.clients.application_uses import application_uses
from app.models.clients.client_documents import ClientDocument, client_documents
from app.models.clients.consents import consents

document, use = client_documents.c, application_uses.c


@dataclass(frozen=True, slots=True)
class Agent:
    """A client with a document, how many users allowed it, and when it last got tokens for one."""

    document: ClientDocument
    users: int
    last_token_at: datetime | None


def _agent(*columns: Any) -> Agent:
    *of_document, users, last_token_at = columns
    return Agent(ClientDocument(*of_document), users, last_token_at)


class AgentRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, client_id: str) -> Agent | None:
        """Return an agent by the stored form of its identifier, or None."""
        return await self._database.find_one(
            _agents().where(document.client_id == client_id), value=_agent
        )

    async def list_page(
        self, *, host: str | None = None, after: str = "", limit: int = 100
    ) -> Sequence[Agent]:
        """Return a page of agents, of one host or of all, ordered by `client_id`."""
        query = _agents().where(document.client_id > after)
        if host is not None:
            query = query.where(document.host == host)
        return await self._database.find_all(
            query.order_by(document.client_id).limit(limit), value=_agent
        )

    async def urls_of(self, client_ids: Collection[str]) -> dict[str, str]:
        """Return the URLs of clients, by the stored form; those that are not stored are left out.

        There may be at most a few hundred.
        """
        rows = await self._database.fetch_all(
            select(document.client_id, document.url).where(document.client_id.in_(client_ids))
        )
        return {row.client_id: row.url for row in rows}


def _agents() -> Select[Any]:
    users = select(func.count()).where(consents.c.client_id == document.client_id)
    last_token_at = select(func.max(use.last_used_at)).where(use.client_id == document.client_id)
    return select(client_documents, users.scalar_subquery(), last_token_at.scalar_subquery())
