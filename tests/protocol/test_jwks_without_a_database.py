"""`/jwks` while the database is away, and how often all its callers read the keys."""

import asyncio
from collections.abc import Sequence

import pytest
import pytest_asyncio

from app.errors import DatabaseUnavailableError
from app.models.oauth.signing_keys import SigningKey
from app.repositories.oauth.signing_keys import SigningKeyRepository
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.parts import services_of

pytestmark = pytest.mark.both_databases

HOUR = 3600


class Reads(SigningKeyRepository):
    """Counts the reads; may fail as where the database is away, or never answer."""

    count = 0
    is_away = False
    is_hanging = False

    async def list_all(self) -> Sequence[SigningKey]:
        self.count += 1
        if self.is_hanging:
            await asyncio.Event().wait()
        if self.is_away:
            raise DatabaseUnavailableError
        return await super().list_all()


@pytest_asyncio.fixture
async def own_app(start_app: AppFactory) -> Application:
    """With keys of its own."""
    app = await start_app()
    assert (await app.http.get("/jwks")).status_code == 200
    return app


@pytest.fixture
def reads(own_app: Application, monkeypatch: pytest.MonkeyPatch) -> Reads:
    services = services_of(own_app)
    made = Reads(services.core.database)
    monkeypatch.setattr(services.oauth.signing_keys._cache, "_signing_key_repository", made)
    return made


async def test_cached_keys_are_served_while_the_database_is_unavailable(
    own_app: Application, reads: Reads
) -> None:
    """RFC 7517 section 5: what was signed before is verified as before"""
    before = await own_app.http.get("/jwks")
    reads.is_away = True

    for seconds in (11, 60, HOUR - 71):
        own_app.clock.advance(seconds=seconds)
        stale = await own_app.http.get("/jwks")

        assert (stale.status_code, stale.json()) == (200, before.json())
        assert stale.headers["cache-control"] == "public, max-age=5"  # a key may be missing


async def test_stale_keys_are_not_served_indefinitely(own_app: Application, reads: Reads) -> None:
    """Nothing that was signed before the database went away is valid any more"""
    reads.is_away = True
    own_app.clock.advance(seconds=HOUR + 1)

    assert (await own_app.http.get("/jwks")).status_code == 503


async def test_stale_keys_are_served_for_as_long_as_tokens_are_valid(
    start_app: AppFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await start_app(id_token_ttl=2 * HOUR)
    await app.http.get("/jwks")
    reads = Reads(services_of(app).core.database)
    monkeypatch.setattr(
        services_of(app).oauth.signing_keys._cache, "_signing_key_repository", reads
    )
    reads.is_away = True

    answers = []
    for seconds in (2 * HOUR, 1):
        app.clock.advance(seconds=seconds)
        answers.append((await app.http.get("/jwks")).status_code)

    assert answers == [200, 503]


async def test_without_cached_keys_an_unavailable_database_is_503(start_app: AppFactory) -> None:
    app = await start_app()
    reads = Reads(services_of(app).core.database)
    services_of(app).oauth.signing_keys._cache._signing_key_repository = reads
    reads.is_away = True

    assert (await app.http.get("/jwks")).status_code == 503


async def test_new_keys_are_served_once_the_database_is_available_again(
    own_app: Application, reads: Reads
) -> None:
    reads.is_away = True
    own_app.clock.advance(seconds=11)
    stale = await own_app.http.get("/jwks")
    reads.is_away = False
    await services_of(own_app).oauth.signing_keys.rotate("ES256", authority=FULL)
    own_app.clock.advance(seconds=1)

    fresh = await own_app.http.get("/jwks")

    assert len(fresh.json()["keys"]) == len(stale.json()["keys"]) + 1
    assert fresh.headers["cache-control"] == "public, max-age=40"


async def test_concurrent_requests_share_one_database_read(
    own_app: Application, reads: Reads
) -> None:
    own_app.clock.advance(seconds=11)

    answers = await asyncio.gather(*(own_app.http.get("/jwks") for _ in range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert reads.count == 1


async def test_an_unavailable_database_is_queried_once_a_second(
    own_app: Application, reads: Reads
) -> None:
    reads.is_away = True
    own_app.clock.advance(seconds=11)
    for _ in range(3):
        await asyncio.gather(*(own_app.http.get("/jwks") for _ in range(5)))
    at_once = reads.count
    own_app.clock.advance(seconds=1)

    await own_app.http.get("/jwks")

    assert (at_once, reads.count) == (1, 2)


async def test_a_hanging_database_does_not_block_requests(
    own_app: Application, reads: Reads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.oauth.signing_key_cache.PATIENCE", 0.01)
    reads.is_hanging = True
    own_app.clock.advance(seconds=11)

    answers = await asyncio.gather(*(own_app.http.get("/jwks") for _ in range(20)))

    assert {answer.status_code for answer in answers} == {200}
    assert reads.count == 1


async def test_concurrent_signatures_share_one_database_read(
    own_app: Application, reads: Reads
) -> None:
    own_app.clock.advance(seconds=11)
    keys = services_of(own_app).oauth.signing_keys

    await asyncio.gather(
        *(keys.sign({"sub": "somebody"}, algorithm=each) for each in ("ES256", "RS256") * 10)
    )

    assert reads.count == 1


async def test_many_tokens_with_unknown_keys_cause_at_most_two_database_reads(
    own_app: Application, reads: Reads
) -> None:
    """As with an `id_token_hint` of somebody else: the newest keys are looked up, once for all"""
    keys = services_of(own_app).oauth.signing_keys
    unknown = "eyJhbGciOiJFUzI1NiIsImtpZCI6InVua25vd24ifQ.e30.e30"

    claims = await asyncio.gather(*(keys.verify(unknown) for _ in range(50)))

    assert set(claims) == {None}
    assert reads.count <= 2
