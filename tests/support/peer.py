"""A foreign web server on this machine, with a certificate of its own authority."""

import asyncio
import contextlib
import datetime
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOST = "localhost"
OTHER_HOST = "peer.test"
"""Also in the certificate; it only resolves if a test's resolver returns it."""

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_ports_taken: set[int] = set()


@dataclass(frozen=True)
class Answer:
    body: bytes | str = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """A request as received; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Peer:
    """A server that responds by path with a test's `answers`, and with 404 to other paths."""

    def __init__(self, port: int = 0, *, scheme: str = "https") -> None:
        self.port = port
        self.scheme = scheme
        self.answers: dict[str, Answer | Behaviour] = {}
        self.seen: list[Seen] = []
        self.connections = 0

    def url(self, path: str = "/", *, host: str = HOST) -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def count(self, path: str) -> int:
        """Return the number of requests for a path."""
        return sum(request.target == path for request in self.seen)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await self._answer(reader, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await _read_request(reader)
        self.seen.append(request)
        answer = self.answers.get(request.target, Answer(status=404))
        if not isinstance(answer, Answer):
            await answer(reader, writer)
            return
        body = answer.body.encode() if isinstance(answer.body, str) else answer.body
        headers = {"Content-Length": str(len(body)), **answer.headers}
        lines = [
            f"HTTP/1.1 {answer.status} Said",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()


async def _read_request(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request_line, *lines = head.strip().split("\r\n")
    method, target, _ = request_line.split(" ")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method, target, headers, body)


@asynccontextmanager
async def running_peer(
    authority: "Authority | None" = None, *, tls: bool = True
) -> AsyncIterator[Peer]:
    peer = Peer(scheme="https" if tls else "http")
    context = authority.server_context() if authority is not None and tls else None
    listener = _listener_on_a_new_port()
    server = await asyncio.start_server(peer.serve, sock=listener, ssl=context)
    peer.port = listener.getsockname()[1]
    try:
        yield peer
    finally:
        server.close()


def _listener_on_a_new_port() -> socket.socket:
    """Listen on an unused port. The system may reuse a port, but issuers must be unique."""
    reused: list[socket.socket] = []
    try:
        while True:
            listener = socket.create_server(("127.0.0.1", 0))
            port = listener.getsockname()[1]
            if port not in _ports_taken:
                _ports_taken.add(port)
                return listener
            reused.append(listener)
    finally:
        for reused_listener in reused:
            reused_listener.close()


class Authority:
    """A certificate authority created for a run; clients have to trust `ca_file`.

    `chain_file` has a certificate for this machine, and its key.
    """

    def __init__(self, directory: Path) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of tests")])
        self.ca_file = directory / "authority.pem"
        self.chain_file = directory / "peer.pem"
        self.ca_file.write_bytes(self._certificate(self._name, self._key, is_authority=True))
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.chain_file.write_bytes(private + self._certificate(name, key, is_authority=False))

    def server_context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.chain_file)
        return context

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool
    ) -> bytes:
        now = datetime.datetime.now(datetime.UTC)
        hosts = [x509.DNSName(HOST), x509.DNSName(OTHER_HOST)]
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if not is_authority:
            names = [*hosts, x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)
