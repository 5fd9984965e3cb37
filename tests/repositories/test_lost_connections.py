"""PostgreSQL behind a proxy that cuts: a lost answer is never a wrong one.

Whoever is told of success finds his row, once. Whoever is told 503 may ask again.
"""

import asyncio
import secrets
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.errors import DatabaseUnavailableError
from app.models.oauth.access_tokens import access_tokens
from app.repositories.clients.clients import ClientRepository
from app.repositories.inserts import insert_once
from app.repositories.oauth.access_tokens import AccessTokenRepository
from app.security.tokens import digest_of
from tests.repositories.conftest import NOW, new_client
from tests.support.application import Application, running_application
from tests.support.assertions import assert_oauth_error, assert_problem
from tests.support.events import new_event
from tests.support.machine import scaled
from tests.support.parts import count, open_database, services_of
from tests.support.tcp_proxy import proxy_before

pytestmark = pytest.mark.timing

COMMIT = b"COMMIT;"
ROTATION = b"WITH locked"
"""One statement, which commits by itself."""
END_ALL_OTHERS = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def store(tokens: AccessTokenRepository, digest: bytes) -> None:
    await tokens.store_for_client(
        digest,
        client_id="a-client",
        scope="profile",
        issued_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        audience=None,
        confirmation=None,
        authorization_details=None,
        use=None,
    )


@pytest.mark.parametrize("is_warm", [False, True], ids=["new connection", "open connection"])
async def test_an_insert_with_a_lost_response_is_retried_and_stored_once(
    postgresql_url: str, is_warm: bool
) -> None:
    digest = secrets.token_bytes(32)
    async with proxy_before(postgresql_url) as (proxy, url), open_database(url) as database:
        tokens = AccessTokenRepository(database)
        if is_warm:
            await store(tokens, secrets.token_bytes(32))
        proxy.cut_answer_to(digest)

        await store(tokens, digest)

        assert proxy.cuts_made == 1
        assert await count(database, f"access_tokens WHERE digest = '\\x{digest.hex()}'") == 1


async def test_other_rows_of_a_batch_with_a_lost_response_are_each_stored_once(
    postgresql_url: str,
) -> None:
    digests = [secrets.token_bytes(32) for _ in range(50)]
    async with proxy_before(postgresql_url) as (proxy, url), open_database(url) as database:
        tokens = AccessTokenRepository(database)
        proxy.cut_answer_to(digests[25])

        await asyncio.gather(*(store(tokens, digest) for digest in digests))

        assert proxy.cuts_made == 1
        assert await count(database, "access_tokens") == 50


async def test_an_invalid_row_in_a_batch_with_a_lost_response_still_fails_alone(
    postgresql_url: str,
) -> None:
    async with proxy_before(postgresql_url) as (proxy, url), open_database(url) as database:
        step = database.step(insert_once(database, access_tokens))
        good, bad = (
            {"digest": secrets.token_bytes(32), "client_id": "c", "scope": scope,
             "issued_at": NOW, "expires_at": NOW}
            for scope in ("profile", None)
        )  # fmt: skip
        proxy.cut_answer_to(good["digest"])

        answers = await asyncio.gather(step(**good), step(**bad), return_exceptions=True)

        assert answers[0] is None
        assert isinstance(answers[1], Exception)
        assert await count(database, "access_tokens") == 1


async def test_repeatedly_lost_responses_raise_an_error_and_a_retry_is_safe(
    postgresql_url: str,
) -> None:
    digest = secrets.token_bytes(32)
    async with proxy_before(postgresql_url) as (proxy, url), open_database(url) as database:
        tokens = AccessTokenRepository(database)
        proxy.cut_answer_to(digest, times=2)

        with pytest.raises(DatabaseUnavailableError):
            await store(tokens, digest)

        assert await count(database, "access_tokens") == 1
        await store(tokens, digest)
        assert await count(database, "access_tokens") == 1


async def test_a_lookup_with_a_lost_response_is_retried(postgresql_url: str) -> None:
    client = new_client(client_id="looked-up-through-the-proxy")
    async with proxy_before(postgresql_url) as (proxy, url), open_database(url) as database:
        repository = ClientRepository(database)
        await repository.add(client, event=new_event())
        proxy.cut_answer_to(client.client_id.encode())

        assert await repository.find(client.client_id, now=NOW) == client
        assert proxy.cuts_made == 1


async def signed_in(app: Application) -> tuple[Any, Any]:
    client = await app.create_client()
    return client, (await app.password_grant(client, await app.enrolled_user())).json()


async def test_a_sign_in_with_a_lost_commit_response_creates_one_family(
    postgresql_url: str,
) -> None:
    async with proxy_before(postgresql_url) as (proxy, url), running_application(url) as app:
        client, user = await app.create_client(), await app.enrolled_user()
        proxy.cut_answer_to(client.client_id.encode(), after=b"INSERT INTO token_families")

        answer = await app.password_grant(client, user)

        assert proxy.cuts_made == 1
        assert answer.status_code == 200
        assert await app.is_active(client, answer.json()["access_token"])
        assert await count(services_of(app).core.database, "token_families") == 1
        assert await count(services_of(app).core.database, "refresh_tokens") == 1


async def test_a_refresh_with_a_lost_commit_response_issues_one_pair(postgresql_url: str) -> None:
    """SECURITY_BAR row 9"""
    async with proxy_before(postgresql_url) as (proxy, url), running_application(url) as app:
        client, first = await signed_in(app)
        proxy.cut_answer_to(digest_of(first["refresh_token"]), after=ROTATION)

        second = await app.refresh(client, first["refresh_token"])
        again = await app.refresh(client, first["refresh_token"])

        assert proxy.cuts_made == 1
        assert second.status_code == 200
        assert again.json()["refresh_token"] == second.json()["refresh_token"]
        assert await app.is_active(client, second.json()["access_token"])
        assert await count(services_of(app).core.database, "refresh_tokens") == 2
        assert await count(services_of(app).core.database, "access_tokens") == 2


async def test_a_refresh_that_returned_503_can_be_retried(postgresql_url: str) -> None:
    """SECURITY_BAR row 9"""
    async with (
        proxy_before(postgresql_url) as (proxy, url),
        running_application(url, database_timeout=60) as app,
    ):
        client, first = await signed_in(app)
        proxy.cut_answer_to(digest_of(first["refresh_token"]), after=ROTATION, times=2)

        lost = await app.refresh(client, first["refresh_token"])
        cuts = proxy.cuts_made
        second = await app.refresh(client, first["refresh_token"])

        assert cuts == 2
        assert_oauth_error(lost, "temporarily_unavailable", status=503)
        assert lost.headers["retry-after"]
        assert second.status_code == 200
        assert await app.is_active(client, second.json()["access_token"])
        third = await app.refresh(client, second.json()["refresh_token"])
        assert third.status_code == 200
        assert await count(services_of(app).core.database, "refresh_tokens") == 3


async def test_a_stalled_database_causes_a_503_within_the_time_limit_and_recovers(
    postgresql_url: str,
) -> None:
    async with (
        proxy_before(postgresql_url) as (proxy, url),
        running_application(url, database_timeout=scaled(1)) as app,
    ):
        client = await app.create_client()
        proxy.stall()

        answers = await asyncio.gather(
            app.client_credentials(client),
            app.http.post("/verify_otp", json={"username": "someone", "code": "123456"}),
            app.http.get("/health/ready"),
            app.http.get("/health/live"),
        )
        proxy.flow()

        assert_oauth_error(answers[0], "temporarily_unavailable", status=503)
        assert_problem(answers[1], 503, "temporarily_unavailable")
        assert [answers[2].status_code, answers[3].status_code] == [503, 200]
        assert (await app.client_credentials(client)).status_code == 200


@pytest.mark.parametrize("hides_the_end", [False, True], ids=["and hung up", "and no more"])
async def test_connections_closed_by_the_server_are_replaced_transparently(
    postgresql_url: str, hides_the_end: bool
) -> None:
    """It says goodbye, then hangs up; a request may come between the two."""
    async with (
        proxy_before(postgresql_url) as (proxy, url),
        running_application(url) as app,
        open_database(postgresql_url) as other,
    ):
        proxy.hides_the_end = hides_the_end
        client = await app.create_client()
        first = (await app.client_credentials(client)).json()
        for _ in range(3):
            await other.fetch_all(END_ALL_OTHERS)
            await asyncio.sleep(0.05)

            assert await app.is_active(client, first["access_token"])
            assert (await app.client_credentials(client)).status_code == 200
            assert (await app.create_client()).client_id
        await proxy.cut_all()


async def test_the_application_shuts_down_while_its_database_stalls(postgresql_url: str) -> None:
    """No goodbye is answered; what is left to close is closed all the same."""
    async with proxy_before(postgresql_url) as (proxy, url), running_application(url) as app:
        client = await app.create_client()
        assert (await app.client_credentials(client)).status_code == 200
        proxy.stall()
