"""Refresh tokens that are not rotated (FAPI 2.0): each use adds an access token."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest_asyncio
from sqlalchemy import text

from app.database.database import Database
from app.models.oauth.refresh_tokens import RefreshToken
from app.models.operations.replay_cache import SingleUse
from app.repositories.oauth.refresh_tokens import RefreshTokenRepository
from app.repositories.oauth.token_families import TokenFamilyRepository
from app.repositories.oauth.token_rows import NewPair
from app.security.tokens import digest_of
from tests.support.application import Application, TestClient, TestUser
from tests.support.events import new_event
from tests.support.parts import open_database

CONCURRENT = 20


class Renewals:
    """A refresh token, and what renews it."""

    def __init__(self, app: Application, database: Database, digest: bytes) -> None:
        self.app = app
        self.database = database
        self.repository = RefreshTokenRepository(database)
        self.digest = digest

    async def found(self) -> RefreshToken:
        token = await self.repository.find_in_active_family(self.digest)
        assert token is not None
        return token

    def pair(self, *, has_access_row: bool = True) -> NewPair:
        now = self.app.clock.now()
        return NewPair(
            access_digest=secrets.token_bytes(32),
            access_expires_at=now + timedelta(hours=1),
            refresh_digest=self.digest,
            refresh_expires_at=now + timedelta(days=30),
            issued_at=now,
            scope="profile",
            audience=None,
            confirmation=None,
            authorization_details=None,
            has_access_row=has_access_row,
        )

    def use(self) -> SingleUse:
        expires_at = self.app.clock.now() + timedelta(minutes=1)
        return SingleUse(secrets.token_bytes(32), secrets.token_bytes(16), expires_at)

    async def access_tokens(self) -> int:
        family_id = (await self.found()).family_id
        row = await self.database.fetch_one(
            text("SELECT count(*) FROM access_tokens WHERE family_id = :id").bindparams(
                id=family_id
            )
        )
        assert row is not None
        return int(row[0])


@pytest_asyncio.fixture
async def renewals(app: Application, client: TestClient, user: TestUser) -> AsyncIterator[Renewals]:
    token = (await app.password_grant(client, user)).json()["refresh_token"]
    async with open_database(app.settings.database_url) as database:
        yield Renewals(app, database, digest_of(token))


async def test_every_caller_gets_a_token_and_the_refresh_token_stays(renewals: Renewals) -> None:
    found, before = await renewals.found(), await renewals.access_tokens()

    results = await asyncio.gather(
        *(
            renewals.repository.renew(
                renewals.digest, found, renewals.pair(), use=renewals.use() if each % 2 else None
            )
            for each in range(CONCURRENT)
        )
    )

    assert results == [None] * CONCURRENT
    assert await renewals.access_tokens() == before + CONCURRENT
    assert (await renewals.found()).used_at is None


async def test_a_revoked_family_gets_no_token(renewals: Renewals) -> None:
    """RFC 7009 section 2.1: revoked after the token was looked up"""
    found = await renewals.found()
    families = TokenFamilyRepository(renewals.database)
    await families.revoke(found.family_id, now=renewals.app.clock.now(), event=new_event())

    for use in (None, renewals.use()):
        renewed = await renewals.repository.renew(renewals.digest, found, renewals.pair(), use=use)
        assert renewed == found


async def test_an_expired_token_gets_no_token(renewals: Renewals) -> None:
    """RFC 6749 section 6"""
    found, before = await renewals.found(), await renewals.access_tokens()
    renewals.app.clock.advance(seconds=30 * 86_400)

    renewed = await renewals.repository.renew(renewals.digest, found, renewals.pair(), use=None)

    assert renewed == found
    assert await renewals.access_tokens() == before


async def test_a_use_counts_once(renewals: Renewals) -> None:
    """SECURITY_BAR row 38: replayed jti, with a row for the access token and without"""
    found, before = await renewals.found(), await renewals.access_tokens()
    for has_access_row in (True, False):
        use = renewals.use()
        stolen = use._replace(spent_by=secrets.token_bytes(16))
        pair = renewals.pair(has_access_row=has_access_row)
        other = renewals.pair(has_access_row=has_access_row)

        first = await renewals.repository.renew(renewals.digest, found, pair, use=use)
        replayed = await renewals.repository.renew(renewals.digest, found, other, use=stolen)

        assert first is None
        assert replayed is not None
    assert await renewals.access_tokens() == before + 1


async def test_a_token_is_prolonged_by_its_use(renewals: Renewals) -> None:
    found = await renewals.found()
    renewals.app.clock.advance(seconds=59)
    await renewals.repository.renew(renewals.digest, found, renewals.pair(), use=None)
    soon = await renewals.found()
    renewals.app.clock.advance(seconds=1)
    await renewals.repository.renew(renewals.digest, found, renewals.pair(), use=None)
    later = await renewals.found()

    assert (soon.issued_at, soon.expires_at) == (found.issued_at, found.expires_at)
    assert later.issued_at == renewals.app.clock.now()
    assert later.expires_at == later.issued_at + timedelta(days=30)
