"""Logout tokens that do not arrive (Back-Channel Logout 1.0 section 2.8).

They are tried again, not for ever, by one worker at a time, across restarts, and never sent to a
place where they must not go.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from app.oauth.backchannel_logout import DELAYS
from app.services.operations.authority import FULL
from app.wiring import Services, build_services
from tests.conftest import AppFactory
from tests.protocol.logout_peers import OK, deliver, is_done, sign_out, told_client
from tests.support.application import Application, TestUser, running_application
from tests.support.assertions import assert_oauth_error
from tests.support.background import pass_ended
from tests.support.logout import AFTER, decoded, is_signed_in
from tests.support.parts import services_of
from tests.support.peer import HOST, Answer, Authority, Peer, running_peer
from tests.support.visitor import Visitor, redeem, visiting
from tests.support.waiting import eventually

pytestmark = pytest.mark.both_databases

FAILS = Answer(status=503)
MOVED = Answer(status=307, headers={"Location": "/elsewhere"})


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest_asyncio.fixture
async def peer(authority: Authority) -> AsyncIterator[Peer]:
    async with running_peer(authority) as made:
        yield made


@pytest.fixture
def reaches_the_peer(authority: Authority) -> dict[str, Any]:
    return {"outbound_allowed_hosts": (HOST,), "outbound_ca_file": authority.ca_file}


@pytest_asyncio.fixture
async def app(start_app: AppFactory, reaches_the_peer: dict[str, Any]) -> Application:
    return await start_app(**reaches_the_peer)


@pytest.mark.slow
async def test_delivery_is_retried_with_growing_delays_until_it_succeeds(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    told = await told_client(app, peer, answer=FAILS)
    await visitor.tokens_for(told.client, user)
    await sign_out(visitor)
    await eventually(lambda: told.count == 1)

    for tried, delay in enumerate(DELAYS[:3], start=1):
        assert await deliver(app, after=delay.total_seconds() - 1) == 0
        assert told.count == tried
        await deliver(app, after=1)
        assert told.count == tried + 1
    peer.answers[told.path] = OK
    assert await deliver(app, after=DELAYS[3].total_seconds()) == 1

    assert await is_done(app, told.client)
    claims = [decoded(token)[1] for token in told.logout_tokens]
    assert len({each["jti"] for each in claims}) == len(claims) == 5  # made anew, and not expired
    assert claims[-1]["iat"] == int(app.clock.now().timestamp())


@pytest.mark.slow
async def test_delivery_is_abandoned_with_a_log_record(
    app: Application,
    peer: Peer,
    visitor: Visitor,
    user: TestUser,
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = await told_client(app, peer, answer=FAILS)
    await visitor.tokens_for(told.client, user)
    await sign_out(visitor)
    await eventually(lambda: told.count == 1)

    with caplog.at_level(logging.WARNING):
        for delay in DELAYS:
            await deliver(app, after=delay.total_seconds())

    assert told.count == 1 + len(DELAYS)
    assert await is_done(app, told.client)
    assert f"client {told.client.client_id} was not notified of a logout: giving up" in caplog.text
    assert not any(token in caplog.text for token in told.logout_tokens)


@pytest.mark.parametrize(
    "answer", [MOVED, Answer(status=404), Answer(status=200, body="x" * 70_000)]
)
@pytest.mark.slow
async def test_redirects_errors_and_oversized_responses_are_retried(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser, answer: Answer
) -> None:
    """SECURITY_BAR row 43: no redirect is followed, no endless body is read"""
    told = await told_client(app, peer, answer=answer)
    peer.answers["/elsewhere"] = OK
    await visitor.tokens_for(told.client, user)
    await sign_out(visitor)
    await eventually(lambda: told.count == 1)

    await deliver(app, after=DELAYS[0].total_seconds())

    assert told.count == 2
    assert peer.count("/elsewhere") == 0


@pytest.mark.slow
async def test_a_queued_logout_token_survives_a_restart(
    start_app: AppFactory,
    app: Application,
    peer: Peer,
    visitor: Visitor,
    user: TestUser,
    reaches_the_peer: dict[str, Any],
) -> None:
    """The process that was to tell is gone before it could"""
    told = await told_client(app, peer, answer=FAILS)
    id_token = (await visitor.tokens_for(told.client, user))["id_token"]
    await sign_out(visitor)
    await eventually(lambda: told.count == 1)
    await pass_ended(services_of(app).oauth.logout_delivery)
    peer.answers[told.path] = OK

    again = await start_app(database_url=app.settings.database_url, **reaches_the_peer)
    again.clock.advance(seconds=3600)
    await deliver(again)

    assert decoded(told.logout_tokens[-1])[1]["sid"] == decoded(id_token)[1]["sid"]
    assert await is_done(app, told.client)


@pytest.mark.slow
async def test_a_delivery_interrupted_by_a_shutdown_is_retried_by_another_server(
    app: Application, peer: Peer, user: TestUser, reaches_the_peer: dict[str, Any]
) -> None:
    go_on = asyncio.Event()

    async def never(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await go_on.wait()

    told = await told_client(app, peer, answer=never)
    async with running_application(app.settings.database_url, **reaches_the_peer) as stopping:
        stopping.clock.advance(seconds=30)
        async with visiting(stopping) as visitor:
            await visitor.tokens_for(told.client, user)
            await sign_out(visitor)
            await eventually(lambda: told.count == 1)
    assert not await is_done(app, told.client)
    go_on.set()
    peer.answers[told.path] = OK

    await deliver(app, after=3600)

    assert told.count == 2
    assert await is_done(app, told.client)


@pytest.mark.slow
async def test_only_one_of_several_workers_delivers_a_logout_token(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser, reaches_the_peer: dict[str, Any]
) -> None:
    """ARCHITECTURE: whatever runs beside the server runs in each worker"""
    told = await told_client(app, peer, answer=FAILS)
    await visitor.tokens_for(told.client, user)
    await sign_out(visitor)
    await eventually(lambda: told.count == 1)
    await pass_ended(services_of(app).oauth.logout_delivery)
    peer.answers[told.path] = OK
    app.clock.advance(seconds=DELAYS[0].total_seconds())
    workers = [build_services(app.settings, app.clock) for _ in range(4)]

    delivered = await asyncio.gather(*(each.oauth.logout_delivery.run_once() for each in workers))

    for each in workers:
        await each.close()
    assert sum(delivered) == 1
    assert told.count == 2


@pytest.mark.slow
async def test_many_clients_are_notified_in_one_delivery_run(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    """More than fit into one batch"""
    told = [await told_client(app, peer, f"/{number}") for number in range(25)]
    for each in told:
        await visitor.tokens_for(each.client, user)

    await sign_out(visitor)

    await eventually(lambda: is_done(app, *(each.client for each in told)))
    assert [each.count for each in told] == [1] * 25


@pytest.mark.parametrize("gone", ["client", "address"])
@pytest.mark.slow
async def test_a_disabled_client_is_not_notified_and_a_missing_endpoint_is_retried(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser, operator: Services, gone: str
) -> None:
    told = await told_client(app, peer, answer=FAILS)
    await visitor.tokens_for(told.client, user)
    await sign_out(visitor)
    await eventually(lambda: told.count == 1)
    if gone == "client":
        await operator.clients.administration.set_disabled(
            told.client.client_id, disabled=True, authority=FULL
        )
    else:
        peer.answers.clear()

    await deliver(app, after=DELAYS[0].total_seconds())

    assert told.count == (1 if gone == "client" else 2)
    assert await is_done(app, told.client) == (gone == "client")


@pytest.mark.slow
async def test_a_logout_uri_in_a_private_network_is_not_called(
    start_app: AppFactory, peer: Peer
) -> None:
    """SECURITY_BAR row 43: a name is only resolved when it is called"""
    app = await start_app()
    user = await app.enrolled_user()
    client = await app.create_client(
        backchannel_logout_uri=f"https://localhost:{peer.port}/back",
        post_logout_redirect_uris=[AFTER],
    )
    async with visiting(app) as visitor:
        await visitor.tokens_for(client, user)

        await sign_out(visitor)

        assert not await is_signed_in(visitor, client)
    await deliver(app, after=DELAYS[0].total_seconds())
    assert peer.connections == 0
    assert not await is_done(app, client)  # it was tried, and refused by us


async def test_a_code_redeemed_while_its_session_ends_yields_no_valid_tokens(
    app: Application, peer: Peer, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 9: neither of two transactions sees what the other has not committed

    On SQLite one waits for the other, so this can only happen on PostgreSQL.
    """
    if app.settings.is_sqlite:
        pytest.skip("SQLite has one writer")
    told = await told_client(app, peer)
    code = await visitor.code_for(told.client, user)
    page = await visitor.get("/logout")
    holder = await asyncpg.connect(app.settings.database_url)
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'access_tokens'::regclass"
    )
    try:
        await holder.execute("BEGIN; LOCK TABLE access_tokens IN EXCLUSIVE MODE")
        redeeming = asyncio.create_task(redeem(app, told.client, code))
        while not await holder.fetchval(waiting):  # noqa: ASYNC110 - PostgreSQL tells of no event
            await asyncio.sleep(0.01)
        signing_out = asyncio.create_task(visitor.submit(page))
        await asyncio.wait([signing_out], timeout=0.5)  # it has to wait for the code
        await holder.execute("ROLLBACK")
        await signing_out
    finally:
        await holder.close()

    redeemed = await redeeming
    if redeemed.status_code != 200:  # the session ended first
        assert_oauth_error(redeemed, "invalid_grant")
        return
    tokens = redeemed.json()

    assert not await app.is_active(told.client, tokens["access_token"])
    refused = await app.refresh(told.client, tokens["refresh_token"])
    assert_oauth_error(refused, "invalid_grant")
    await eventually(lambda: told.count == 1)
