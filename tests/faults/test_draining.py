"""SIGTERM and SIGHUP cut no request: keep-alive connections, the queue, and proxies."""

import asyncio
import contextlib
import shutil
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.procedures.servers import nginx
from tests.support.databases import Databases
from tests.support.machine import scaled
from tests.support.ports import free_port
from tests.support.raw_http import RawConnection
from tests.support.server import Server, running_server
from tests.support.waiting import can_connect, eventually

pytestmark = pytest.mark.timing

REQUEST = b"GET /health/live HTTP/1.1\r\nHost: postern.test\r\n\r\n"
CLIENTS = 32


class KeepAliveClient:
    """Sends one request after the other on one connection, and a new one where told to close."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.answers = 0
        self.cuts: list[str] = []
        self.is_told_to_close = False

    async def run_until_refused(self) -> None:
        with contextlib.suppress(ConnectionRefusedError):
            while True:
                await self._one_connection()

    async def _one_connection(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            while True:
                writer.write(REQUEST)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
                await reader.readexactly(int(length))
                self.answers += 1
                if b"connection: close" in head:
                    self.is_told_to_close = True
                    return
        except (OSError, EOFError) as error:
            self.cuts.append(repr(error))
        finally:
            writer.close()


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_busy_keep_alive_clients_get_connection_close_and_no_request_is_cut_off(
    tmp_path: Path, workers: str
) -> None:
    async with running_server(tmp_path, WORKERS=workers) as server:
        await all_serve(server, int(workers))
        clients = [KeepAliveClient(server.port) for _ in range(CLIENTS)]
        runs = [asyncio.create_task(client.run_until_refused()) for client in clients]
        await eventually(lambda: all(client.answers > 3 for client in clients))

        server.process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(asyncio.gather(*runs), scaled(60))
        code = await server.wait()

    assert [client.cuts for client in clients if client.cuts] == []
    assert all(client.is_told_to_close for client in clients)
    assert code in (0, -signal.SIGTERM)
    assert "Traceback" not in server.log()


async def all_serve(server: Server, workers: int) -> None:
    if workers > 1:
        await eventually(lambda: server.log().count("Application startup complete") == workers)


async def test_queued_requests_are_answered_after_sigterm(tmp_path: Path) -> None:
    async with running_server(tmp_path) as server:
        server.process.send_signal(signal.SIGSTOP)
        connections = [await RawConnection.to(server.port) for _ in range(200)]
        for connection in connections:
            await connection.send(REQUEST)
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGCONT)

        answers = await asyncio.gather(*(each.read_to_the_end() for each in connections))

    # those that were read before the signal are answered without `Connection: close`
    assert Counter(answer.status for answer in answers) == {200: 200}


async def test_an_idle_connection_can_send_one_more_request_after_sigterm(tmp_path: Path) -> None:
    """RFC 9112 section 9.6"""
    async with running_server(tmp_path, GRACEFUL_TIMEOUT="60") as server:
        connection = await RawConnection.to(server.port)
        await eventually(lambda: server.connections() == 1)

        server.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(1)
        await connection.send(REQUEST)
        answer = await connection.read_to_the_end()

    assert (answer.status, answer.headers["connection"]) == (200, "close")


async def test_pipelined_requests_are_all_answered_after_sigterm(tmp_path: Path) -> None:
    """RFC 9112 section 9.3.2: only the last response says that it is the last."""
    async with running_server(tmp_path, GRACEFUL_TIMEOUT="60") as server:
        connection = await RawConnection.to(server.port)
        await eventually(lambda: server.connections() == 1)

        server.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.5)
        await connection.send(REQUEST * 5)
        answer = await connection.read_to_the_end()

    assert answer.data.count(b"HTTP/1.1 200") == 5
    assert answer.data.count(b"connection: close") == 1


async def test_ctrl_c_does_not_wait_for_idle_connections(tmp_path: Path) -> None:
    async with running_server(tmp_path, GRACEFUL_TIMEOUT="600") as server:
        connection = await RawConnection.to(server.port)
        await eventually(lambda: server.connections() == 1)

        server.process.send_signal(signal.SIGINT)
        await asyncio.wait_for(server.wait(), scaled(20))
        await connection.close()


HAPROXY = """
global
  maxconn 500
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend front
  bind 127.0.0.1:{port}
  default_backend back
backend back
  server one 127.0.0.1:{upstream}
"""


@contextlib.asynccontextmanager
async def haproxy(directory: Path, upstream: int) -> AsyncIterator[int]:
    """Yield the port of a HAProxy with connections that it keeps."""
    port = free_port()
    configuration = directory / "haproxy.cfg"
    configuration.write_text(HAPROXY.format(port=port, upstream=upstream))
    process = await asyncio.create_subprocess_exec("haproxy", "-q", "-db", "-f", str(configuration))
    try:
        await eventually(lambda: can_connect(port))
        yield port
    finally:
        process.terminate()
        await process.wait()


PROXIES = {"nginx": lambda directory, port: nginx(directory, [port]), "haproxy": haproxy}


@pytest.mark.parametrize("proxy", PROXIES)
async def test_no_request_fails_behind_a_proxy_while_the_workers_are_replaced(
    databases: Databases, tmp_path: Path, proxy: str
) -> None:
    if shutil.which(proxy) is None:
        pytest.skip(f"{proxy} is not installed")
    url = await databases.migrated("postgresql")
    async with running_server(tmp_path, DATABASE_URL=url, WORKERS="2") as server:
        await all_serve(server, 2)
        before = {process.pid for process in server.family()[1:]}
        front = (
            nginx(tmp_path, [server.port]) if proxy == "nginx" else haproxy(tmp_path, server.port)
        )
        async with front as port:
            statuses: Counter[object] = Counter()
            is_over = asyncio.Event()
            load = [asyncio.create_task(post_until(is_over, port, statuses)) for _ in range(16)]
            await eventually(lambda: statuses[400] > 100)

            server.process.send_signal(signal.SIGHUP)
            await eventually(lambda: not before & {each.pid for each in server.family()[1:]})
            seen = statuses[400]
            await eventually(lambda: statuses[400] > seen + 200)
            is_over.set()
            await asyncio.gather(*load)

    assert set(statuses) == {400}
    assert statuses.total() > 300


async def post_until(is_over: asyncio.Event, port: int, statuses: Counter[object]) -> None:
    """Send what a proxy may not repeat; the refusal tells that the server has seen it."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=scaled(30)) as http:
        while not is_over.is_set():
            try:
                answer = await http.post("/token", data={"grant_type": "nonsense"})
            except httpx.TransportError as error:
                statuses[repr(error)] += 1
            else:
                statuses[answer.status_code] += 1
            await asyncio.sleep(0.01)
