"""Hosts of client documents: names below `.localhost`, which all have the address of this machine.

They run in a thread, and count the connections that are open at the same time.
"""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from anyio.from_thread import start_blocking_portal
from cryptography.x509 import DNSName
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support import certificates
from tests.support.client_documents import document

DOMAIN = "bench.localhost"
TURNS = 10
"""Turns of the event loop, in which a closed connection is noticed before a new one is counted."""


@dataclass(frozen=True, slots=True)
class Certificates:
    """The certificate of all hosts, with its key, and the file of its authority."""

    chain: Path
    key: Path
    authority: Path

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain, self.key)
        return context


def make_certificates(directory: Path) -> Certificates:
    authority = certificates.authority("CN=Hosts of the benchmark")
    hosts = authority.issue(
        "CN=Hosts", usages=(ExtendedKeyUsageOID.SERVER_AUTH,), names=[DNSName(f"*.{DOMAIN}")]
    )
    chain, key = hosts.write(directory, "hosts")
    return Certificates(chain, key, authority.write(directory, "authority")[0])


def host(number: int) -> str:
    return f"host-{number}.{DOMAIN}"


class DocumentHosts:
    """All hosts on one port. Without a TLS context they accept connections and never answer."""

    def __init__(self, port: int, context: ssl.SSLContext | None) -> None:
        self.port = port
        self._context = context
        self._open = 0
        self.most_open = 0
        self.connections = 0

    @property
    def is_answering(self) -> bool:
        return self._context is not None

    def url(self, number: int, path: str) -> str:
        return f"https://{host(number)}:{self.port}{path}"

    async def accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as connections:
            while True:
                connection, _ = await loop.sock_accept(listener)
                connections.create_task(self._hold(connection))

    async def _hold(self, connection: socket.socket) -> None:
        """Count a connection until the caller closes it."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        self._open += 1
        self.connections += 1
        self.most_open = max(self.most_open, self._open)
        with connection, suppress(OSError, asyncio.IncompleteReadError):
            try:
                await self._serve(connection)
            finally:
                self._open -= 1

    async def _serve(self, connection: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        if self._context is None:
            while await loop.sock_recv(connection, 65_536):
                pass
            return
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, connection, ssl=self._context
        )
        try:
            transport.write(_response(await reader.readuntil(b"\r\n\r\n")))
            await reader.read()
        finally:
            transport.close()


def _response(request: bytes) -> bytes:
    """Return the document whose URL is that of the request."""
    request_line, *lines = request.decode("ascii").split("\r\n")
    target = request_line.split(" ")[1]
    authority = next(line[6:] for line in lines if line.lower().startswith("host: "))
    body = json.dumps(document(f"https://{authority}{target}"))
    return (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode("ascii")


@contextmanager
def running_hosts(context: ssl.SSLContext | None) -> Iterator[DocumentHosts]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_accepting(context)) as hosts,
    ):
        yield hosts


@asynccontextmanager
async def _accepting(context: ssl.SSLContext | None) -> AsyncIterator[DocumentHosts]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        listener.setblocking(False)
        hosts = DocumentHosts(listener.getsockname()[1], context)
        accepting = asyncio.create_task(hosts.accept(listener))
        try:
            yield hosts
        finally:
            accepting.cancel()
            with suppress(asyncio.CancelledError):
                await accepting
