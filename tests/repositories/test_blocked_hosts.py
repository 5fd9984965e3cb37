"""Hosts that are blocked while their clients are being used: nothing that lives is left."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from app.database.database import Database
from app.models.clients.application_uses import ApplicationUse
from app.models.clients.client_documents import DocumentGrant
from app.models.clients.consents import Consent
from app.models.oauth.token_families import token_families
from app.repositories.clients import client_documents
from app.repositories.clients.application_uses import ApplicationUseRepository
from app.repositories.clients.client_documents import ClientDocumentRepository
from app.repositories.clients.consents import ConsentRepository
from app.security.tokens import new_identifier
from tests.repositories.conftest import NOW
from tests.repositories.people import stored_user
from tests.support.client_documents import document_at
from tests.support.events import new_event
from tests.support.machine import scaled
from tests.support.parts import count

HOST = "agent.example"
URL = f"https://{HOST}/client.json"
DOCUMENT = document_at(URL, NOW)
TABLES = ("client_documents", "document_grants", "consents", "client_origins", "application_uses")


@dataclass
class Pause:
    """A function of the repository that waits before it runs, in its transaction."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def while_running(self, first: Awaitable[Any], second: Awaitable[Any]) -> list[Any]:
        """Return what two calls return, the second of which begins while the first waits."""
        before = asyncio.ensure_future(first)
        is_reached = asyncio.ensure_future(self.reached.wait())
        await asyncio.wait({before, is_reached}, return_when=asyncio.FIRST_COMPLETED)
        after = asyncio.ensure_future(second)
        await asyncio.wait({after}, timeout=scaled(0.3))
        self.goes_on.set()
        return await asyncio.gather(before, after)


def paused(patch: pytest.MonkeyPatch, name: str) -> Pause:
    pause, function = Pause(), getattr(client_documents, name)

    async def waiting(*arguments: Any, **named: Any) -> Any:
        pause.reached.set()
        await pause.goes_on.wait()
        return await function(*arguments, **named)

    patch.setattr(client_documents, name, waiting)
    return pause


async def rows_in(database: Database) -> dict[str, int]:
    """Return how many rows tables of documents have, without those that have none."""
    counts = {table: await count(database, table) for table in TABLES}
    return {table: rows for table, rows in counts.items() if rows}


async def stored(repository: ClientDocumentRepository) -> bool:
    return await repository.store(DOCUMENT, ended=(), now=NOW, event=None)


async def blocked(repository: ClientDocumentRepository) -> bool:
    return await repository.block(HOST, now=NOW, event_of=lambda _: new_event())


def grant(family_id: str) -> DocumentGrant:
    redirect_uri = "https://app.example.com/callback"
    return DocumentGrant(family_id, URL, redirect_uri, NOW + timedelta(days=1))


def consent(user_id: str) -> Consent:
    return Consent(user_id, URL, "openid", NOW, "fingerprint")


async def test_a_document_that_is_stored_while_its_host_is_blocked_is_deleted(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = ClientDocumentRepository(database)
    pause = paused(monkeypatch, "_store_origins")

    answers = await pause.while_running(stored(repository), blocked(repository))

    assert answers == [True, True]
    assert await rows_in(database) == {}


async def test_a_document_is_not_stored_while_its_host_is_being_blocked(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = ClientDocumentRepository(database)
    pause = paused(monkeypatch, "_end_consents")

    answers = await pause.while_running(blocked(repository), stored(repository))

    assert answers == [True, False]
    assert await rows_in(database) == {}


@pytest.mark.parametrize("what", ["grant", "consent"])
async def test_nothing_is_granted_to_a_client_whose_host_is_being_blocked(
    database: Database, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    repository, user = ClientDocumentRepository(database), await stored_user(database)
    await stored(repository)

    async def begin() -> bool:
        if what == "grant":
            return await repository.note_grant(grant(new_identifier()))
        return await ConsentRepository(database).grant(consent(user.user_id), event=new_event())

    pause = paused(monkeypatch, "_revoke_families")
    answers = await pause.while_running(blocked(repository), begin())

    assert answers == [True, False]
    assert await rows_in(database) == {}


async def test_a_host_that_is_blocked_leaves_neither_families_nor_rows(database: Database) -> None:
    repository, user = ClientDocumentRepository(database), await stored_user(database)
    family_id = new_identifier()
    await stored(repository)
    assert await repository.note_grant(grant(family_id))
    assert await ConsentRepository(database).grant(consent(user.user_id), event=new_event())
    await ApplicationUseRepository(database).record([ApplicationUse(user.user_id, URL, NOW, "")])
    async with database.transaction() as connection:
        family = {"family_id": family_id, "client_id": URL, "scope": "", "created_at": NOW}
        await connection.execute(
            insert(token_families).values(**family, expires_at=NOW + timedelta(days=1))
        )

    before = await rows_in(database)
    assert await blocked(repository)

    assert sorted(before) == sorted(TABLES)
    assert await rows_in(database) == {}
    assert await count(database, "token_families WHERE revoked_at IS NULL") == 0
