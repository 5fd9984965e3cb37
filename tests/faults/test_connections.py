"""What one connection may cost: pipelining, trailers, silence, and an Upgrade that is ignored."""

import asyncio
import base64
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.support.application import TestClient
from tests.support.machine import scaled
from tests.support.server import Server, running_server

pytestmark = pytest.mark.timing

MEGABYTE = 1024 * 1024
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    directory = tmp_path_factory.mktemp("server")
    async with running_server(directory, DATABASE_URL="sqlite:///postern.db") as running:
        yield running


@pytest_asyncio.fixture(scope="module")
async def client(server: Server) -> TestClient:
    async with server.client() as http:
        body = {"client_name": "raw", "redirect_uri": "http://localhost:3000/callback"}
        made = (await http.post("/create_client", json=body)).json()
    return TestClient(made["client_id"], made["client_secret"])


async def exchange(server: Server, *parts: bytes) -> bytes:
    """Sends, and reads until the server hangs up or says no more for two seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    answer = b""
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
        while data := await asyncio.wait_for(reader.read(65_536), scaled(2)):
            answer += data
    except (TimeoutError, ConnectionError):
        pass
    finally:
        writer.close()
    return answer


async def test_endless_pipelining_does_not_exhaust_memory(server: Server) -> None:
    """SECURITY_BAR row 49"""
    before = server.memory()

    await exchange(server, *[b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n" * 10_000] * 20)

    assert server.memory() - before < 60 * MEGABYTE


async def test_endless_trailers_do_not_exhaust_memory(server: Server) -> None:
    """SECURITY_BAR rows 12 and 49"""
    before = server.memory()
    head = b"POST /token HTTP/1.1\r\nHost: a\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n"

    answer = await exchange(server, head, b"1\r\na\r\n0\r\n", *[b"xa: aaaaaaaa\r\n" * 10_000] * 50)

    assert b" 200 " not in answer
    assert server.memory() - before < 60 * MEGABYTE


async def test_a_trailer_is_not_treated_as_a_header(server: Server, client: TestClient) -> None:
    """RFC 9110 section 6.5.1"""
    basic = base64.b64encode(f"{client.client_id}:{client.client_secret}".encode())
    form = b"grant_type=client_credentials"

    answer = await exchange(
        server,
        b"POST /token HTTP/1.1\r\nHost: a\r\n" + FORM + b"Transfer-Encoding: chunked\r\n\r\n",
        b"%x\r\n%b\r\n0\r\nAuthorization: Basic %b\r\n\r\n" % (len(form), form, basic),
    )

    assert answer.startswith(b"HTTP/1.1 401")


async def test_an_upgrade_to_another_protocol_is_ignored(
    server: Server, client: TestClient
) -> None:
    """RFC 9110 section 7.8"""
    form = (
        f"grant_type=client_credentials&client_id={client.client_id}"
        f"&client_secret={client.client_secret}"
    ).encode()

    answer = await exchange(
        server,
        b"POST /token HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
        + FORM
        + b"Content-Length: %d\r\n\r\n%b" % (len(form), form),
    )

    assert answer.startswith(b"HTTP/1.1 200")
    assert b"access_token" in answer


async def test_a_head_request_is_answered_like_get_without_a_body(server: Server) -> None:
    """RFC 9110 section 9.3.2"""
    async with server.client() as http:
        for path in ("/", "/health/live", "/.well-known/oauth-authorization-server"):
            answer = await http.head(path)

            assert answer.status_code == 200
            assert answer.content == b""
            assert int(answer.headers["content-length"]) > 0
