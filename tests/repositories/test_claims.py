"""Claims: of many callers that use one row, in one batch or in several, exactly one wins."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import cast

import pytest

from app.concurrency.places import Places
from app.database.claim_steps import ClaimStep
from app.database.claims import CompiledClaim
from app.models.oauth.refresh_tokens import RefreshToken
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.repositories.oauth.token_rows import NewPair
from app.security.tokens import digest_of
from app.wiring import Services
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import count, open_database, services_of
from tests.support.waiting import eventually

GRACE = timedelta(seconds=30)


def pair_at(app: Application) -> NewPair:
    now = app.clock.now()
    return NewPair(
        access_digest=secrets.token_bytes(38),
        access_expires_at=now + timedelta(hours=1),
        refresh_digest=secrets.token_bytes(38),
        refresh_expires_at=now + timedelta(days=30),
        issued_at=now,
        scope="profile",
        audience=None,
        confirmation=None,
        authorization_details=None,
        has_access_row=True,
    )


async def token_of(
    app: Application, client: TestClient, user: TestUser
) -> tuple[bytes, RefreshToken]:
    answer = (await app.password_grant(client, user)).json()
    digest = digest_of(answer["refresh_token"])
    found = await RefreshTokenRepository(services_of(app).core.database).find_in_active_family(
        digest
    )
    assert found is not None
    return digest, found


async def counts(services: Services, family_id: str) -> list[int]:
    where = f"WHERE family_id = '{family_id}'"
    return [
        await count(services.core.database, f"{table} {where}")
        for table in ("refresh_tokens", "access_tokens")
    ]


async def test_only_one_caller_wins_a_token_and_the_others_get_its_successor(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9; in the same batch, and in that of another worker"""
    digest, found = await token_of(app, client, user)
    async with open_database(app.settings.database_url) as other:
        workers = [
            RefreshTokenRepository(services_of(app).core.database),
            RefreshTokenRepository(other),
        ]

        results = await asyncio.gather(
            *(
                worker.rotate(
                    digest,
                    found,
                    pair_at(app),
                    sealed=b"",
                    grace_ends_at=app.clock.now() + GRACE,
                    use=None,
                )
                for worker in workers
                for _ in range(20)
            )
        )

    assert results.count(None) == 1
    assert len({each.successor_digest for each in results if each is not None}) == 1
    assert await counts(services_of(app), found.family_id) == [2, 2]


async def test_the_winner_wins_again_when_it_repeats_its_claim(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """As after a connection that was lost at the commit"""
    digest, found = await token_of(app, client, user)
    repository = RefreshTokenRepository(services_of(app).core.database)
    pair, ends_at = pair_at(app), app.clock.now() + GRACE

    results = [
        await repository.rotate(digest, found, pair, sealed=b"", grace_ends_at=ends_at, use=None)
        for _ in range(2)
    ]

    assert results == [None, None]
    assert await counts(services_of(app), found.family_id) == [2, 2]


async def test_each_token_in_a_batch_gets_its_own_result(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """Living, unknown and revoked tokens side by side"""
    services = services_of(app)
    repository = RefreshTokenRepository(services.core.database)
    tokens = [await token_of(app, client, user) for _ in range(3)]
    answer = (await app.password_grant(client, user)).json()
    revoked = digest_of(answer["refresh_token"])
    of_the_revoked = await repository.find_in_active_family(revoked)
    assert of_the_revoked is not None
    await app.revoke(client, answer["refresh_token"])
    tokens += [(revoked, of_the_revoked), (secrets.token_bytes(38), tokens[0][1])]

    results = await asyncio.gather(
        *(
            repository.rotate(
                digest,
                found,
                pair_at(app),
                sealed=b"",
                grace_ends_at=app.clock.now() + GRACE,
                use=None,
            )
            for digest, found in tokens
        )
    )

    assert [each is None for each in results] == [True, True, True, False, False]
    assert await counts(services, of_the_revoked.family_id) == [1, 1]
    assert await counts(services, tokens[0][1].family_id) == [2, 2]


@pytest.mark.parametrize(
    ("concurrent_batches", "sizes"), [(1, [64]), (2, [32, 32])], ids=["SQLite", "PostgreSQL"]
)
async def test_callers_are_distributed_over_the_concurrent_batches(
    concurrent_batches: int, sizes: list[int]
) -> None:
    """So that the server answers some while the database works for the others"""
    backend = WaitingBackend(concurrent_batches)
    claim = ClaimStep(backend, lambda: cast("CompiledClaim", None))  # type: ignore[arg-type]  # as far as it is used

    callers = [asyncio.create_task(claim(number=number)) for number in range(64)]
    await eventually(lambda: sum(backend.sizes) == 64)
    under_way = list(backend.sizes)
    backend.answers.set()

    assert under_way == sizes
    assert await asyncio.gather(*callers) == [True] * 64


class WaitingBackend:
    """A database that answers when it is told to."""

    def __init__(self, concurrent_batches: int) -> None:
        self.concurrent_batches = concurrent_batches
        self.time_limit = 60.0
        self.writing_places, self.retries = Places(concurrent_batches), None
        self.sizes: list[int] = []
        self.answers = asyncio.Event()

    async def write(
        self, _: object, rows: Sequence[object], __: object, *, again: bool
    ) -> list[tuple[()]]:
        assert not again
        self.sizes.append(len(rows))
        await self.answers.wait()
        return [()] * len(rows)
