"""A proxy in front of PostgreSQL that cuts connections on request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit


class TcpProxy:
    """A proxy that forwards bytes, unless a test tells it to cut, stall or leave."""

    def __init__(self, host: str, port: int) -> None:
        self._upstream = (host, port)
        self._cuts: list[bytes] = []
        self._awaited = b""
        self._drops = False
        self._stalls_at = b""
        self._is_away = False
        self._leaves = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.cuts_made = 0
        self.hides_the_end = False  # forward the server's last data, but not its end of file
        self.port = 0

    def cut_answer_to(self, marker: bytes, *, times: int = 1, after: bytes = b"") -> None:
        """Forward data with `marker`, and cut the connection in place of the response; wait until
        `after` has been sent first."""
        self._cuts = [marker] * times
        self._awaited = after
        self._drops = self._leaves = False

    def cut_before(self, marker: bytes, *, after: bytes = b"") -> None:
        """Cut as `cut_answer_to` does, without forwarding the data with `marker`."""
        self.cut_answer_to(marker, after=after)
        self._drops = True

    def leave_after(self, marker: bytes, *, after: bytes = b"") -> None:
        """Cut as `cut_answer_to` does, and refuse all later connections."""
        self.cut_answer_to(marker, after=after)
        self._leaves = True

    def stall(self) -> None:
        """Stop forwarding, without cutting connections."""
        self._flows.clear()

    def stall_at(self, marker: bytes, *, after: bytes = b"") -> None:
        """Stall when data with `marker` arrives, without forwarding it, once `after` was sent."""
        self._stalls_at, self._awaited = marker, after

    def flow(self) -> None:
        self._flows.set()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_away:
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            from_server, to_server = await asyncio.open_connection(*self._upstream)
        except BaseException:
            writer.close()
            raise
        is_cut = asyncio.Event()
        pumps = [
            asyncio.create_task(self._forward(reader, to_server, is_cut)),
            asyncio.create_task(self._give_back(from_server, writer, is_cut)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if self.hides_the_end:
                await asyncio.wait(pumps[:1])
        except asyncio.CancelledError:
            pass  # `cut_all` ends the connection; asyncio must not report a cancelled handler
        finally:
            for stream in (writer, to_server):
                stream.close()
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for stream in (writer, to_server):
                with contextlib.suppress(OSError):
                    await stream.wait_closed()

    async def cut_all(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _forward(
        self, reader: asyncio.StreamReader, to_server: asyncio.StreamWriter, is_cut: asyncio.Event
    ) -> None:
        while data := await reader.read(65_536):
            await self._flows.wait()
            if self._awaited in data:
                self._awaited = b""
            if self._stalls_at and not self._awaited and self._stalls_at in data:
                self._stalls_at = b""
                self.stall()
                await self._flows.wait()
            if self._cuts and not self._awaited and self._cuts[0] in data:
                self._cuts.pop(0)
                is_cut.set()
                if self._drops:
                    self.cuts_made += 1
                    return
            to_server.write(data)
            await to_server.drain()

    async def _give_back(
        self, from_server: asyncio.StreamReader, writer: asyncio.StreamWriter, is_cut: asyncio.Event
    ) -> None:
        while data := await from_server.read(65_536):
            await self._flows.wait()
            if is_cut.is_set():
                self.cuts_made += 1
                self._is_away = self._leaves
                return
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def proxy_before(url: str) -> AsyncIterator[tuple[TcpProxy, str]]:
    """Yield a proxy in front of the server of a database URL, and the URL through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    proxy = TcpProxy(parts.hostname, parts.port or 5432)
    server = await asyncio.start_server(proxy.handle, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    netloc = f"{user}127.0.0.1:{proxy.port}"
    try:
        yield proxy, urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))
    finally:
        server.close()
        await proxy.cut_all()
        await server.wait_closed()
