"""Two workers that rotate the same refresh tokens in other orders: no deadlock, one winner each."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.repositories.oauth.token_rows import NewPair
from app.security.tokens import digest_of
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import open_database

pytestmark = pytest.mark.timing

FAMILIES = 60


async def test_rotations_of_the_same_tokens_by_two_workers_never_deadlock(
    app: Application, client: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 9"""
    answers = await asyncio.gather(*(app.password_grant(client, user) for _ in range(FAMILIES)))
    presented = [digest_of(answer.json()["refresh_token"]) for answer in answers]
    url = app.settings.database_url
    async with open_database(url) as first, open_database(url) as second:
        workers = [RefreshTokenRepository(first), RefreshTokenRepository(second)]

        for _ in range(3):
            there, back = await asyncio.gather(
                rotate_all(app, workers[0], presented), rotate_all(app, workers[1], presented[::-1])
            )

            assert there == back[::-1]  # each token has one successor, whoever asks
            assert None not in there
            assert len(set(there)) == FAMILIES
            presented = [digest for digest in there if digest is not None]


async def rotate_all(
    app: Application, repository: RefreshTokenRepository, presented: Sequence[bytes]
) -> list[bytes | None]:
    """Rotate all at once, in this order, and return what each token says is its successor."""
    await asyncio.gather(*(rotate(app, repository, digest) for digest in presented))
    tokens = [await repository.find_in_active_family(digest) for digest in presented]
    return [token.successor_digest if token is not None else None for token in tokens]


async def rotate(app: Application, repository: RefreshTokenRepository, digest: bytes) -> None:
    now, successor = app.clock.now(), secrets.token_bytes(32)
    found = await repository.find_in_active_family(digest)
    assert found is not None
    current = await repository.rotate(
        digest,
        found,
        NewPair(
            access_digest=secrets.token_bytes(32),
            access_expires_at=now + timedelta(hours=1),
            refresh_digest=successor,
            refresh_expires_at=now + timedelta(days=30),
            issued_at=now,
            scope="profile",
            audience=None,
            confirmation=None,
            authorization_details=None,
            has_access_row=True,
        ),
        sealed=b"sealed",
        grace_ends_at=now + timedelta(seconds=30),
        use=None,
    )
    # another caller's, where it is not this one's
    assert current is None or current.successor_digest not in (None, successor)
