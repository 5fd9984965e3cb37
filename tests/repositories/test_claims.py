"""Claims: of many callers that use one row, in one batch or in several, exactly one wins."""

import asyncio
import secrets
from datetime import timedelta

from app.models.refresh_tokens import RefreshToken
from app.repositories.refresh_tokens import RefreshTokenRepository
from app.repositories.token_families import NewPair
from app.security.tokens import digest_of
from app.wiring import Services
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import count, open_database, services_of

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
    )


async def token_of(
    app: Application, client: TestClient, user: TestUser
) -> tuple[bytes, RefreshToken]:
    answer = (await app.password_grant(client, user)).json()
    digest = digest_of(answer["refresh_token"])
    found = await RefreshTokenRepository(services_of(app).database).find_in_living_family(digest)
    assert found is not None
    return digest, found


async def counts(services: Services, family_id: str) -> list[int]:
    where = f"WHERE family_id = '{family_id}'"
    return [
        await count(services.database, f"{table} {where}")
        for table in ("refresh_tokens", "access_tokens")
    ]


async def test_of_many_callers_with_one_token_one_wins_and_the_others_learn_its_successor(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9; in the same batch, and in that of another worker"""
    digest, found = await token_of(app, client, user)
    async with open_database(app.settings.database_url) as other:
        workers = [RefreshTokenRepository(services_of(app).database), RefreshTokenRepository(other)]

        results = await asyncio.gather(
            *(
                worker.rotate(
                    digest, found, pair_at(app), sealed=b"", grace_ends_at=app.clock.now() + GRACE
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
    repository = RefreshTokenRepository(services_of(app).database)
    pair, ends_at = pair_at(app), app.clock.now() + GRACE

    results = [
        await repository.rotate(digest, found, pair, sealed=b"", grace_ends_at=ends_at)
        for _ in range(2)
    ]

    assert results == [None, None]
    assert await counts(services_of(app), found.family_id) == [2, 2]


async def test_neighbours_in_a_batch_get_what_is_theirs(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """Living, unknown and revoked tokens side by side"""
    services = services_of(app)
    repository = RefreshTokenRepository(services.database)
    tokens = [await token_of(app, client, user) for _ in range(3)]
    answer = (await app.password_grant(client, user)).json()
    revoked = digest_of(answer["refresh_token"])
    of_the_revoked = await repository.find_in_living_family(revoked)
    assert of_the_revoked is not None
    await app.revoke(client, answer["refresh_token"])
    tokens += [(revoked, of_the_revoked), (secrets.token_bytes(38), tokens[0][1])]

    results = await asyncio.gather(
        *(
            repository.rotate(
                digest, found, pair_at(app), sealed=b"", grace_ends_at=app.clock.now() + GRACE
            )
            for digest, found in tokens
        )
    )

    assert [each is None for each in results] == [True, True, True, False, False]
    assert await counts(services, of_the_revoked.family_id) == [1, 1]
    assert await counts(services, tokens[0][1].family_id) == [2, 2]
