"""Raw HTTP/1.1, for requests that no proper client sends."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from tests.support.waiting import within

ANSWER_SECONDS = 30


@dataclass(frozen=True)
class RawAnswer:
    """The data received before the connection ended; `status` is 0 if there was none."""

    data: bytes

    @property
    def status(self) -> int:
        return int(self.data.split(b" ", 2)[1]) if self.data.startswith(b"HTTP/1.1 ") else 0

    @property
    def headers(self) -> dict[str, str]:
        head = self.data.partition(b"\r\n\r\n")[0].decode("latin-1")
        lines = [line.partition(":") for line in head.split("\r\n")[1:]]
        return {name.lower(): value.strip() for name, _, value in lines}

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]

    def json(self) -> Any:
        return json.loads(self.body)


class RawConnection:
    """A connection on which a test sends arbitrary bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def to(cls, port: int) -> "RawConnection":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def send(self, *parts: bytes) -> bool:
        """Send the parts; return False if the server has closed the connection."""
        try:
            for part in parts:
                self._writer.write(part)
                await self._writer.drain()
        except OSError:
            return False
        return True

    async def read_to_the_end(self) -> RawAnswer:
        """Read until the server closes the connection, which it is expected to do."""
        data = b""
        async with within(ANSWER_SECONDS):
            try:
                while part := await self._reader.read(65_536):
                    data += part
            except OSError:
                pass
        await self.close()
        return RawAnswer(data)

    async def close(self) -> None:
        self._writer.close()
        try:
            await self._writer.wait_closed()
        except OSError:
            return


async def exchange(port: int, *parts: bytes) -> RawAnswer:
    """Send, and read until the server closes the connection."""
    connection = await RawConnection.to(port)
    reading = asyncio.create_task(connection.read_to_the_end())
    await connection.send(*parts)
    return await reading


def post_json(path: str, body: dict[str, str]) -> bytes:
    encoded = json.dumps(body).encode()
    return (
        f"POST {path} HTTP/1.1\r\nHost: postern.test\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(encoded)}\r\n\r\n"
    ).encode() + encoded
