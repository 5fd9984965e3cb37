"""Callers who hang up take back what was not yet done for them."""

import asyncio
import base64
from pathlib import Path

import pytest

from tests.support.application import TestClient
from tests.support.databases import Databases
from tests.support.locks import writes_blocked
from tests.support.machine import scaled
from tests.support.parts import count, open_database
from tests.support.server import Server, application_of, running_server
from tests.support.waiting import eventually

pytestmark = pytest.mark.timing

CALLERS = 600
FORM = b"grant_type=client_credentials"


async def ask_for_token(server: Server, client: TestClient) -> asyncio.StreamWriter:
    credentials = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode())
    _, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(
        b"POST /token HTTP/1.1\r\nHost: postern.test\r\nAuthorization: Basic " + credentials
        + b"\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
        + str(len(FORM)).encode() + b"\r\n\r\n" + FORM
    )  # fmt: skip
    await writer.drain()
    return writer


async def test_no_token_is_stored_for_callers_who_disconnect_while_a_table_is_locked(
    tmp_path: Path, databases: Databases, database_kind: str
) -> None:
    url = await databases.migrated(database_kind)
    limits = {"DATABASE_TIMEOUT": "60", "SQLITE_BUSY_TIMEOUT": "60"}
    async with (
        running_server(tmp_path, DATABASE_URL=url, **limits) as server,
        application_of(server) as app,
        open_database(url) as database,
    ):
        client = await app.create_client()
        before = await count(database, "access_tokens")

        async with writes_blocked(url):
            callers = [await ask_for_token(server, client) for _ in range(CALLERS)]
            await eventually(lambda: server.connections() >= CALLERS)
            await asyncio.sleep(scaled(1))  # what was read by then waits in queues
            for caller in callers:
                caller.close()
            await eventually(lambda: server.connections() < 10)
            await asyncio.sleep(scaled(1))  # whichever attempt still has rows of theirs ends

        assert (await app.client_credentials(client)).status_code == 200
        assert await count(database, "access_tokens") == before + 1
