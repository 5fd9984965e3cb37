"""Requests that never become whole: one answer, an end within the time, and nothing of it else.

The server's protocol runs in this process, with a shorter time than it ships with.
"""

import asyncio
import math
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import uvicorn
from uvicorn.server import ServerState

from app.main import create_app
from app.server import http_protocol
from tests.support.application import PASSWORD, running_lifespan
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.machine import scaled
from tests.support.parts import settings_for
from tests.support.raw_http import RawConnection, exchange, post_json

pytestmark = pytest.mark.timing

SECONDS = scaled(0.6)
KEEP_ALIVE = math.ceil(5 * SECONDS)
HOST = b"Host: postern.test\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n"
LAST = b"GET /health/live HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"


@pytest_asyncio.fixture
async def port(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(http_protocol, "REQUEST_SECONDS", SECONDS)
    application = create_app(
        settings_for(
            await databases.migrated("sqlite"),
            argon2_memory_kib=19_456,
            argon2_time_cost=80,  # takes longer than SECONDS, whatever the speed of the machine
            access_log=False,
        ),
        clock=FakeClock(),
    )
    config = uvicorn.Config(
        application, log_config=None, ws="none", proxy_headers=False, timeout_keep_alive=KEEP_ALIVE
    )
    config.load()
    state = ServerState()
    async with running_lifespan(application):
        server = await asyncio.get_running_loop().create_server(
            lambda: http_protocol.BoundedHttpProtocol(config, state, {}), "127.0.0.1", 0
        )
        yield server.sockets[0].getsockname()[1]
        server.close()
        for connection in list(state.connections):
            connection.shutdown()
        await server.wait_closed()


@pytest.mark.parametrize(
    "half",
    [
        b"G",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Slow: ",
        b"POST /token HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: 10\r\n\r\n",
        b"POST /token HTTP/1.1\r\n" + HOST + FORM + b"Transfer-Encoding: chunked\r\n\r\n",
    ],
)
async def test_an_incomplete_request_gets_one_408_and_its_connection_is_closed(
    port: int, half: bytes
) -> None:
    """SECURITY_BAR rows 12 and 49"""
    answer = await exchange(port, half)

    assert answer.status == 408
    assert answer.headers["connection"] == "close"
    assert answer.data.count(b"HTTP/1.1 ") == 1


async def test_an_incomplete_request_after_a_complete_one_does_not_spoil_its_response(
    port: int,
) -> None:
    answer = await exchange(port, LIVE, b"GET / HTTP/1.1\r\nHo")

    assert answer.status == 200
    assert answer.data.count(b"HTTP/1.1 200") == 1
    assert answer.data.count(b"HTTP/1.1 ") <= 2


async def test_a_refused_body_that_is_never_sent_gets_no_second_response(port: int) -> None:
    """SECURITY_BAR row 12"""
    answer = await exchange(
        port, b"POST /token HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: 10485760\r\n\r\n"
    )

    assert answer.status == 413
    assert answer.data.count(b"HTTP/1.1 ") == 1


async def test_an_idle_keep_alive_connection_does_not_get_a_408(port: int) -> None:
    connection = await RawConnection.to(port)

    await connection.send(LIVE)
    await asyncio.sleep(2 * SECONDS)
    await connection.send(LAST)
    answer = await connection.read_to_the_end()

    assert answer.data.count(b"HTTP/1.1 200") == 2
    assert answer.data.count(b"HTTP/1.1 ") == 2


async def test_a_slow_response_is_not_cut_off(port: int) -> None:
    """The time is that of the request's arrival, not of its answer."""
    connection = await RawConnection.to(port)

    await connection.send(post_json("/register_user", {"username": "a", "password": PASSWORD}))
    await connection.send(LAST)
    answer = await connection.read_to_the_end()

    assert answer.status == 201
    assert answer.data.count(b"HTTP/1.1 ") == 2


async def test_a_request_sent_byte_by_byte_is_served(port: int) -> None:
    answer = await exchange(port, *[LAST[place : place + 1] for place in range(len(LAST))])

    assert answer.status == 200


async def test_many_pipelined_requests_are_all_served(port: int) -> None:
    answer = await exchange(port, LIVE * 200 + LAST)

    assert answer.data.count(b"HTTP/1.1 200") == 201
