"""What no proper client sends: the server refuses it, lives on, and does not grow."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.raw_http import RawAnswer, RawConnection, exchange
from tests.support.server import Server, running_server

MEGABYTE = 1024 * 1024
HOST = b"Host: postern.test\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
ROOM = 24 * MEGABYTE  # more than the process may grow by while somebody sends it 30 MB


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    async with running_server(
        directory, DATABASE_URL="sqlite:///postern.db", BODY_TIMEOUT="0.3"
    ) as made:
        yield made


@pytest_asyncio.fixture(autouse=True)
async def lives_on(server: Server) -> AsyncIterator[None]:
    """After each of these the same process serves the next caller, without an error in its log."""
    yield
    answer = await exchange(
        server.port, b"GET /health/live HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    )
    assert answer.status == 200
    assert "Traceback" not in server.log()


def profile_with(value: bytes) -> bytes:
    return (
        b"GET /profile HTTP/1.1\r\n" + HOST + b"Connection: close\r\nAuthorization: "
        + value + b"\r\n\r\n"
    )  # fmt: skip


@pytest.mark.slow
async def test_an_authorization_header_of_one_megabyte_is_refused(server: Server) -> None:
    """SECURITY_BAR row 15"""
    answer = await exchange(server.port, profile_with(b"Bearer " + b"x" * MEGABYTE))

    assert answer.status in (401, 431)


@pytest.mark.slow
async def test_an_authorization_header_just_below_the_limit_gets_a_401(server: Server) -> None:
    """SECURITY_BAR row 15"""
    answer = await exchange(server.port, profile_with(b"Bearer " + b"x" * 60_000))

    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "value", [b"Bearer \xff\xfe", "Bearer ümlaut".encode(), b"Bearer \x80" * 10]
)
async def test_an_authorization_header_that_is_not_ascii_gets_a_401(
    server: Server, value: bytes
) -> None:
    """SECURITY_BAR row 15"""
    assert (await exchange(server.port, profile_with(value))).status == 401


@pytest.mark.parametrize("value", [b"Bearer a\rb", b"Bearer a\nb", b"Bearer a\x00b", b"a\x01b"])
async def test_an_authorization_header_with_control_characters_is_refused(
    server: Server, value: bytes
) -> None:
    """SECURITY_BAR row 15"""
    answer = await exchange(server.port, profile_with(value))

    assert answer.status in (400, 401)


async def test_a_header_injected_after_a_line_break_does_not_affect_the_response(
    server: Server,
) -> None:
    """SECURITY_BAR row 15: it neither ends the answer nor gets into it"""
    answer = await exchange(server.port, profile_with(b"Bearer a\r\nX-Injected: yes"))

    assert answer.status == 401
    assert "x-injected" not in answer.headers


async def test_an_unfinished_chunked_body_times_out(server: Server) -> None:
    """SECURITY_BAR row 12"""
    answer = await exchange(
        server.port,
        b"POST /token HTTP/1.1\r\n" + HOST + FORM + b"Transfer-Encoding: chunked\r\n\r\n",
        b"a\r\ngrant_type\r\n",
    )

    assert_given_up(answer)


async def test_a_body_shorter_than_its_content_length_times_out(server: Server) -> None:
    """SECURITY_BAR row 12"""
    answer = await exchange(
        server.port,
        b"POST /token HTTP/1.1\r\n" + HOST + FORM + b"Content-Length: 1000\r\n\r\ngrant_type=",
    )

    assert_given_up(answer)


def assert_given_up(answer: RawAnswer) -> None:
    """One answer, and the connection ends with it: the rest of the body would be read as a head."""
    assert answer.status == 408
    assert answer.headers["connection"] == "close"
    assert answer.data.count(b"HTTP/1.1 ") == 1


async def test_an_endless_chunked_body_is_cut_off(server: Server) -> None:
    """SECURITY_BAR row 12"""
    before = server.memory()
    connection = await RawConnection.to(server.port)
    await connection.send(
        b"POST /token HTTP/1.1\r\n" + HOST + FORM
        + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )  # fmt: skip
    sending = asyncio.create_task(send_for_ever(connection, b"10000\r\n" + b"x" * 65_536 + b"\r\n"))

    answer = await connection.read_to_the_end()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)

    assert answer.status in (0, 408, 413)  # 0: cut before the sender looked up
    assert server.memory() - before < ROOM


async def send_for_ever(connection: RawConnection, part: bytes) -> None:
    while await connection.send(part):
        pass


async def test_a_declared_body_that_is_too_large_is_refused_before_it_is_sent(
    server: Server,
) -> None:
    """SECURITY_BAR row 12"""
    answer = await exchange(
        server.port,
        b"POST /token HTTP/1.1\r\n" + HOST + FORM
        + b"Connection: close\r\nContent-Length: 10485760\r\n\r\n",
    )  # fmt: skip

    assert answer.status == 413


async def test_a_client_that_sends_a_refused_large_body_can_send_another_request(
    server: Server,
) -> None:
    """SECURITY_BAR row 12: the body is read and thrown away, and what follows is a request"""
    before = server.memory()

    answer = await exchange(
        server.port,
        b"POST /token HTTP/1.1\r\n" + HOST + FORM
        + b"Content-Length: %d\r\n\r\n" % (10 * MEGABYTE),
        *[b"x" * MEGABYTE] * 10,
        b"GET /health/live HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    )  # fmt: skip

    assert answer.status == 413
    assert answer.data.count(b"HTTP/1.1 413") == 1
    assert answer.data.count(b"HTTP/1.1 200") == 1
    assert server.memory() - before < ROOM


@pytest.mark.parametrize(("length", "status"), [(60_000, 404), (65_537, 414), (100_000, 414)])
async def test_a_url_is_limited_even_if_it_arrives_at_once(
    server: Server, length: int, status: int
) -> None:
    """SECURITY_BAR row 15: one read of the socket may hold more than the limit"""
    start = b"GET /" + b"x" * (length - 1) + b" HTTP/1.1\r\n"

    answer = await exchange(server.port, start + HOST + b"Connection: close\r\n\r\n")

    # a request in several reads is refused for its head before its URL is complete
    assert answer.status == status or (status == 414 and answer.status == 431)


async def test_very_many_short_headers_are_refused_even_if_they_arrive_at_once(
    server: Server,
) -> None:
    """SECURITY_BAR row 15"""
    lines = b"a:\r\n" * 16_380  # 65,520 bytes

    answer = await exchange(server.port, b"GET / HTTP/1.1\r\n" + HOST + lines + b"\r\n")

    assert answer.status == 431


@pytest.mark.parametrize("shape", ["many headers", "one header", "no line break at all"])
async def test_thirty_megabytes_of_headers_are_not_buffered(server: Server, shape: str) -> None:
    """SECURITY_BAR rows 15 and 49"""
    part = {
        "many headers": b"X-Header: " + b"y" * 1000 + b"\r\n",
        "one header": b"z" * 1024,
        "no line break at all": b"GET" * 341,
    }[shape]
    start = b"" if shape == "no line break at all" else b"GET / HTTP/1.1\r\n" + HOST + b"X: "
    before = server.memory()
    connection = await RawConnection.to(server.port)

    await connection.send(start, *[part * 64] * (30 * MEGABYTE // (len(part) * 64)))
    answer = await connection.read_to_the_end()

    assert answer.status in (0, 400, 431)
    assert server.memory() - before < ROOM


@pytest.mark.parametrize(
    "request_line",
    [b"GET / HTTP/9.9", b"BREW /token HTTP/1.1", b"GET", b"\x16\x03\x01\x02\x00"],
)
async def test_an_invalid_request_line_is_refused(server: Server, request_line: bytes) -> None:
    answer = await exchange(
        server.port, request_line + b"\r\n" + HOST + b"Connection: close\r\n\r\n"
    )

    assert answer.status in (400, 405)


async def test_a_request_with_two_body_lengths_is_refused(server: Server) -> None:
    """Request smuggling: whoever announces two lengths is refused (RFC 9112 section 6.3)"""
    for lengths in (
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    ):
        answer = await exchange(
            server.port, b"POST /token HTTP/1.1\r\n" + HOST + FORM + lengths + b"\r\nabcdef"
        )

        assert answer.status == 400


async def test_idle_connections_do_not_delay_other_requests(server: Server) -> None:
    """SECURITY_BAR row 49"""
    idle = [await RawConnection.to(server.port) for _ in range(200)]
    for connection in idle[:100]:
        await connection.send(b"GET / HTTP/1.1\r\nHo")

    answers: list[RawAnswer] = [
        await exchange(
            server.port, b"GET /health/ready HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
        )
        for _ in range(5)
    ]

    assert {answer.status for answer in answers} == {200}
    await asyncio.gather(*(connection.close() for connection in idle))
