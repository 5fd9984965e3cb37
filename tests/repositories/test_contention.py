"""Many at once: full queues are 503, and two workers that rotate the same tokens never deadlock."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from app.database.batching import MAXIMUM_ROWS, MAXIMUM_WAITING
from app.database.database import Database
from app.errors import OverloadedError
from app.repositories.access_tokens import AccessTokenRepository
from app.repositories.clients import ClientRepository
from app.repositories.refresh_tokens import NewPair, RefreshTokenRepository
from tests.conftest import AppFactory
from tests.repositories.conftest import NOW, new_client
from tests.support.assertions import assert_oauth_error
from tests.support.databases import Databases
from tests.support.locks import writes_blocked
from tests.support.parts import count, open_database, services_of


def new_pair() -> NewPair:
    return NewPair(
        access_digest=secrets.token_bytes(32),
        access_expires_at=NOW + timedelta(hours=1),
        refresh_digest=secrets.token_bytes(32),
        refresh_expires_at=NOW + timedelta(days=30),
        issued_at=NOW,
        scope="profile",
    )


async def test_a_full_queue_is_503_with_retry_after_and_what_waited_is_stored(
    start_app: AppFactory, databases: Databases, database_kind: str
) -> None:
    url = await databases.migrated(database_kind)
    app = await start_app(database_url=url, database_timeout=30, sqlite_busy_timeout=30)
    client = await app.create_client()
    grants: Any = services_of(app).dispatcher._grants
    tokens: AccessTokenRepository = grants["client_credentials"].tools.issuer._access_tokens
    waiting = MAXIMUM_WAITING + MAXIMUM_ROWS * services_of(app).database.backend.concurrent_batches

    async def store() -> bool:
        try:
            await tokens.store_for_client(
                secrets.token_bytes(32),
                client_id=client.client_id,
                scope="",
                issued_at=NOW,
                expires_at=NOW,
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
    assert await count(services_of(app).database, "access_tokens") == accepted
    assert accepted < waiting + MAXIMUM_WAITING
    assert (await app.client_credentials(client)).status_code == 200


async def test_two_workers_that_rotate_the_same_tokens_never_deadlock_and_never_both_win(
    databases: Databases, database_kind: str
) -> None:
    """SECURITY_BAR row 9"""
    url = await databases.migrated(database_kind)
    async with open_database(url) as first, open_database(url) as second:
        client = new_client()
        await ClientRepository(first).add(client)
        workers = [RefreshTokenRepository(first), RefreshTokenRepository(second)]
        presented = [await begin_family(workers[0], client.client_id) for _ in range(60)]

        for _ in range(3):
            pairs = {digest: (new_pair(), new_pair()) for digest in presented}
            answers = await asyncio.gather(
                *(
                    worker.rotate(digest, pairs[digest][place], sealed=b"sealed")
                    for place, (worker, order) in enumerate(
                        zip(workers, (presented, presented[::-1]), strict=True)
                    )
                    for digest in order
                )
            )
            successors = by_digest(presented, answers)

            for digest in presented:
                assert len(successors[digest]) == 1
                assert successors[digest] < {pair.refresh_digest for pair in pairs[digest]}
            presented = [next(iter(successors[digest])) for digest in presented]
        assert await count_of(first) == 60 * 4


async def begin_family(repository: RefreshTokenRepository, client_id: str) -> bytes:
    pair = new_pair()
    await repository.begin_family(
        secrets.token_hex(16),
        pair,
        client_id=client_id,
        user_id=None,
        family_expires_at=NOW + timedelta(days=90),
        with_refresh_token=True,
    )
    return pair.refresh_digest


def by_digest(presented: Sequence[bytes], answers: Sequence[Any]) -> dict[bytes, set[bytes]]:
    """What each worker was told to be the successor of each token."""
    found: dict[bytes, set[bytes]] = {}
    for digest, answer in zip([*presented, *presented[::-1]], answers, strict=True):
        found.setdefault(digest, set()).add(answer.successor_digest)
    return found


async def count_of(database: Database) -> int:
    return await count(database, "refresh_tokens")
