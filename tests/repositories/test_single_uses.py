"""A single use is spent in the step that stores what the caller gets for it."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import timedelta

from app.models.oauth.refresh_tokens import RefreshToken
from app.models.operations.replay_cache import SingleUse
from app.repositories.oauth.access_tokens import AccessTokenRepository
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from tests.repositories.test_claims import GRACE, counts, pair_at, token_of
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import count, open_database, services_of

ROWS = 40


def use_at(app: Application, digest: bytes | None = None) -> SingleUse:
    return SingleUse(
        digest or secrets.token_bytes(32),
        secrets.token_bytes(16),
        app.clock.now() + timedelta(minutes=1),
    )


async def rotate(
    app: Application,
    repository: RefreshTokenRepository,
    token: tuple[bytes, RefreshToken],
    use: SingleUse,
) -> RefreshToken | None:
    return await repository.rotate(
        *token, pair_at(app), sealed=b"", grace_ends_at=app.clock.now() + GRACE, use=use
    )


async def test_a_caller_that_repeats_its_step_wins_again(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """As after a connection that was lost at the commit"""
    digest, found = await token_of(app, client, user)
    database = services_of(app).core.database
    repository, pair, use = RefreshTokenRepository(database), pair_at(app), use_at(app)
    tokens, new = AccessTokenRepository(database), secrets.token_bytes(38)
    now, other_use = app.clock.now(), use_at(app)

    rotated = [
        await repository.rotate(digest, found, pair, sealed=b"", grace_ends_at=now + GRACE, use=use)
        for _ in range(2)
    ]
    stored = [
        await tokens.store_for_client(
            new,
            client_id=client.client_id,
            scope="",
            issued_at=now,
            expires_at=now + GRACE,
            use=other_use,
            audience=None,
            confirmation=None,
            authorization_details=None,
        )
        for _ in range(2)
    ]

    assert rotated == [None, None]
    assert stored == [True, True]
    assert await counts(services_of(app), found.family_id) == [2, 2]


async def test_of_two_callers_in_one_batch_with_the_same_use_one_wins(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 38; the other one consumes nothing"""
    tokens = [await token_of(app, client, user) for _ in range(8)]
    repository = RefreshTokenRepository(services_of(app).core.database)
    digest = secrets.token_bytes(32)

    results = await asyncio.gather(
        *(rotate(app, repository, token, use_at(app, digest)) for token in tokens)
    )

    assert results.count(None) == 1
    for token, result in zip(tokens, results, strict=True):
        left = await repository.find_in_active_family(token[0])
        assert left is not None
        assert (left.used_at is None) == (result is not None)


async def test_a_use_that_was_spent_stores_no_token_of_a_client(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 38"""
    database = services_of(app).core.database
    repository, now = AccessTokenRepository(database), app.clock.now()
    digest, before = secrets.token_bytes(32), await count(database, "access_tokens")

    stored = await asyncio.gather(
        *(
            repository.store_for_client(
                secrets.token_bytes(38),
                client_id=client.client_id,
                scope="",
                issued_at=now,
                expires_at=now + GRACE,
                use=use_at(app, digest),
                audience=None,
                confirmation=None,
                authorization_details=None,
            )
            for _ in range(ROWS)
        )
    )

    assert stored.count(True) == 1
    assert await count(database, "access_tokens") == before + 1


async def test_the_same_uses_by_two_workers_in_other_orders_never_deadlock(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 38: each use counts once, whichever worker gets it"""
    tokens = [await token_of(app, client, user) for _ in range(ROWS)]
    digests = [secrets.token_bytes(32) for _ in range(ROWS)]
    async with (
        open_database(app.settings.database_url) as first,
        open_database(app.settings.database_url) as second,
    ):

        async def rotate_all(
            repository: RefreshTokenRepository, order: Sequence[int]
        ) -> dict[int, bool]:
            results = await asyncio.gather(
                *(
                    rotate(app, repository, tokens[number], use_at(app, digests[number]))
                    for number in order
                )
            )
            return {number: result is None for number, result in zip(order, results, strict=True)}

        there, back = await asyncio.gather(
            rotate_all(RefreshTokenRepository(first), range(ROWS)),
            rotate_all(RefreshTokenRepository(second), range(ROWS)[::-1]),
        )

    assert all(there[number] != back[number] for number in range(ROWS))
