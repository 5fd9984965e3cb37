"""More than there is room for: full queues are 503, and what waited is stored."""

import asyncio
import secrets
from typing import Any

import pytest

from app.database.batching import MAXIMUM_ROWS, MAXIMUM_WAITING
from app.errors import OverloadedError
from app.repositories.oauth.access_tokens import AccessTokenRepository
from tests.conftest import AppFactory
from tests.repositories.conftest import NOW
from tests.support.assertions import assert_oauth_error
from tests.support.databases import Databases
from tests.support.locks import writes_blocked
from tests.support.parts import count, services_of

pytestmark = pytest.mark.timing


async def test_a_full_queue_causes_a_503_with_retry_after_and_queued_rows_are_stored(
    start_app: AppFactory, databases: Databases, database_kind: str
) -> None:
    url = await databases.migrated(database_kind)
    app = await start_app(database_url=url, database_timeout=30, sqlite_busy_timeout=30)
    client = await app.create_client()
    grants: Any = services_of(app).oauth.dispatcher._grants
    issuer = grants["client_credentials"]._token_issuer
    tokens: AccessTokenRepository = issuer._access_token_repository
    waiting = (
        MAXIMUM_WAITING + MAXIMUM_ROWS * services_of(app).core.database.backend.concurrent_batches
    )

    async def store() -> bool:
        try:
            await tokens.store_for_client(
                secrets.token_bytes(32),
                client_id=client.client_id,
                scope="",
                issued_at=NOW,
                expires_at=NOW,
                audience=None,
                confirmation=None,
                authorization_details=None,
                use=None,
            )
        except OverloadedError:
            return False
        return True

    async with writes_blocked(url) as hold:
        tasks = [asyncio.create_task(store()) for _ in range(waiting)]
        await asyncio.sleep(0.1)
        more = [asyncio.create_task(store()) for _ in range(MAXIMUM_WAITING)]
        await asyncio.sleep(0.1)
        refused = await app.client_credentials(client)
        await hold.release()
        accepted = sum(await asyncio.gather(*tasks, *more))

    assert_oauth_error(refused, "temporarily_unavailable", status=503)
    assert int(refused.headers["retry-after"]) > 0
    assert await count(services_of(app).core.database, "access_tokens") == accepted
    assert accepted < waiting + MAXIMUM_WAITING
    assert (await app.client_credentials(client)).status_code == 200
