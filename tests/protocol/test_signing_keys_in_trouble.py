"""Signing keys where clocks differ, secrets are lost, or workers know different things."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import delete, select

from app.models.oauth.signing_keys import signing_keys
from app.services.oauth.signing_key_states import KeyState
from app.services.operations.authority import FULL
from app.wiring import Services
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.clock import FakeClock
from tests.support.jwt import header_of, verified
from tests.support.parts import running_services

pytestmark = pytest.mark.both_databases

OTHER_SECRET = "another-key-of-the-tests-7Hq2Lw9Zx4Bn8Mv"
DAY = 86_400


@pytest_asyncio.fixture
async def own_app(start_app: AppFactory) -> Application:
    """On a database of its own."""
    return await start_app()


@asynccontextmanager
async def worker(app: Application, *, ahead: float = 0, **settings: Any) -> AsyncIterator[Services]:
    """Another worker on the same database; its clock may go ahead or behind."""
    clock = FakeClock()
    clock._now = app.clock.now()
    clock.advance(seconds=ahead)
    async with running_services(app.settings.database_url, clock, **settings) as services:
        yield services


async def sign(services: Services, algorithm: str = "ES256") -> str:
    return await services.oauth.signing_keys.sign({"sub": "somebody"}, algorithm=algorithm)


async def kid_used_by(services: Services, algorithm: str = "ES256") -> str:
    return str(header_of(await sign(services, algorithm))["kid"])


async def kids(app: Application, algorithm: str = "ES256") -> list[str]:
    keys = (await app.http.get("/jwks")).json()["keys"]
    return [key["kid"] for key in keys if key["alg"] == algorithm]


@pytest.mark.parametrize("ahead", [-3600, -1, 1, 3600])
async def test_workers_with_different_clocks_create_only_one_first_key(
    own_app: Application, ahead: float
) -> None:
    """SECURITY_BAR, fault 12"""
    async with worker(own_app, ahead=ahead) as other, worker(own_app) as one:
        made = await kid_used_by(other)

        assert await kid_used_by(one) == made
        assert await kids(own_app) == [made]
        assert len(await one.oauth.signing_keys.list_all()) == 3


@pytest.mark.slow
async def test_tokens_are_signed_and_verified_after_a_clock_is_set_back(
    own_app: Application,
) -> None:
    """SECURITY_BAR, fault 12"""
    async with worker(own_app, ahead=3600) as before, worker(own_app) as after:
        await before.oauth.signing_keys.rotate("ES256", signs_after=timedelta(0), authority=FULL)
        token = await sign(before)

        assert (await verified(own_app, token))["sub"] == "somebody"
        assert (await verified(own_app, await sign(after)))["sub"] == "somebody"
        assert await after.oauth.signing_keys.verify(token) == {"sub": "somebody"}


async def test_a_worker_verifies_a_token_signed_with_a_key_created_just_now(
    own_app: Application,
) -> None:
    """As a hint; it looks again when it does not know the key"""
    async with worker(own_app) as one, worker(own_app) as other:
        await other.oauth.signing_keys.published()
        await one.oauth.signing_keys.rotate("ES256", signs_after=timedelta(0), authority=FULL)

        assert await other.oauth.signing_keys.verify(await sign(one)) == {"sub": "somebody"}


async def test_keys_missing_from_the_database_are_replaced(own_app: Application) -> None:
    """Somebody restored an older copy of it"""
    async with worker(own_app) as one:
        before = await kid_used_by(one)
        await one.core.database.change(delete(signing_keys))
        one.core.clock.advance(seconds=11)  # type: ignore[attr-defined]  # it is the fake one
        own_app.clock.advance(seconds=11)

        token = await sign(one)

        assert header_of(token)["kid"] != before
        assert (await verified(own_app, token))["sub"] == "somebody"


async def test_workers_with_a_new_secret_key_share_one_new_signing_key(
    own_app: Application,
) -> None:
    async with worker(own_app) as before:
        lost = await kid_used_by(before)
    async with (
        worker(own_app, secret_key=OTHER_SECRET) as one,
        worker(own_app, secret_key=OTHER_SECRET) as other,
    ):
        used = {await kid_used_by(one), await kid_used_by(other)}

        assert len(used) == 1
        assert lost not in used


async def test_a_key_that_cannot_be_decrypted_is_logged_once(
    own_app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """And its secret is not in what is told: SECURITY_BAR row 13"""
    async with worker(own_app) as before:
        lost = await kid_used_by(before)
    async with worker(own_app, secret_key=OTHER_SECRET) as after:
        with caplog.at_level(logging.ERROR):
            for _ in range(5):
                await after.oauth.signing_keys.published()
                await sign(after)

    told = [record for record in caplog.records if lost in record.getMessage()]
    assert len(told) == 1
    assert OTHER_SECRET not in caplog.text


@pytest.mark.slow
async def test_a_command_with_a_wrong_secret_key_does_not_affect_the_server(
    own_app: Application,
) -> None:
    """What it made nobody else can open: the server goes on, and publishes what it signs with"""
    before = await kids(own_app)
    async with worker(own_app, secret_key=OTHER_SECRET) as mistaken:
        await mistaken.oauth.signing_keys.rotate("ES256", authority=FULL)
    own_app.clock.advance(seconds=3 * DAY)

    async with worker(own_app) as server:
        token = await sign(server)
        await server.oauth.signing_keys.rotate_old()

        assert [header_of(token)["kid"]] == before
        assert (await verified(own_app, token))["sub"] == "somebody"
        assert await kid_used_by(server) == before[0]


@pytest.mark.slow
async def test_the_private_key_of_a_retired_key_is_deleted(
    own_app: Application,
) -> None:
    """Not even who learns SECRET_KEY one day can sign with it"""
    async with worker(own_app) as one:
        token = await sign(one)
        await one.oauth.signing_keys.rotate("ES256", signs_after=timedelta(0), authority=FULL)
        one.core.clock.advance(seconds=3600 + DAY - 1)  # type: ignore[attr-defined]  # the fake one
        await one.operations.housekeeping.run_once()
        assert all(key.private_sealed for key in await one.oauth.signing_keys.list_all())
        one.core.clock.advance(seconds=1)  # type: ignore[attr-defined]  # the fake one

        await one.operations.housekeeping.run_once()

        keys = await one.oauth.signing_keys.list_all()
        forgotten = [key.kid for key in keys if not key.private_sealed]
        assert forgotten == [header_of(token)["kid"]]
        assert await one.oauth.signing_keys.verify(token) == {"sub": "somebody"}
    async with worker(own_app, ahead=3600 + DAY) as restarted:
        assert await kid_used_by(restarted) not in forgotten


async def test_a_key_changes_from_waiting_to_signing_published_and_retired(
    own_app: Application,
) -> None:
    async with worker(own_app) as one:
        first = await kid_used_by(one)
        (second,) = await one.oauth.signing_keys.rotate("ES256", authority=FULL)
        seen = []
        for seconds in (0, 59, 1, 3600 + DAY - 1, 1):
            one.core.clock.advance(seconds=seconds)  # type: ignore[attr-defined]  # the fake one
            keys = await one.oauth.signing_keys.list_all()
            of = {key.kid: one.oauth.signing_keys.state_of(key, keys) for key in keys}
            seen.append((of[first], of[second]))

    assert seen == [
        (KeyState.SIGNING, KeyState.WAITING),
        (KeyState.SIGNING, KeyState.WAITING),
        (KeyState.PUBLISHED, KeyState.SIGNING),
        (KeyState.PUBLISHED, KeyState.SIGNING),
        (KeyState.RETIRED, KeyState.SIGNING),
    ]


async def test_a_waiting_key_is_skipped_when_a_newer_key_signs_immediately(
    own_app: Application,
) -> None:
    async with worker(own_app) as one:
        (skipped,) = await one.oauth.signing_keys.rotate("ES256", authority=FULL)
        (new,) = await one.oauth.signing_keys.rotate(
            "ES256", signs_after=timedelta(0), authority=FULL
        )
        for seconds in (0, 60):
            one.core.clock.advance(seconds=seconds)  # type: ignore[attr-defined]  # the fake one
            assert await kid_used_by(one) == new
        keys = await one.oauth.signing_keys.list_all()

    (of_skipped,) = [
        one.oauth.signing_keys.state_of(key, keys) for key in keys if key.kid == skipped
    ]
    assert of_skipped is KeyState.PUBLISHED


async def test_an_encrypted_private_key_cannot_be_copied_to_another_row(
    own_app: Application,
) -> None:
    """A sealed key that is copied into the row of another opens for nobody"""
    async with worker(own_app) as one:
        await one.oauth.signing_keys.ensure()
        rows = await one.core.database.fetch_all(select(signing_keys))
        (es256,) = [row for row in rows if row.algorithm == "ES256"]
        (eddsa,) = [row for row in rows if row.algorithm == "EdDSA"]
        await one.core.database.change(
            signing_keys.update()
            .where(signing_keys.c.kid == es256.kid)
            .values(private_sealed=eddsa.private_sealed)
        )
    async with worker(own_app) as restarted:
        assert await kid_used_by(restarted) != es256.kid
