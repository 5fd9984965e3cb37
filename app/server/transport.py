"""The transport to which the protocol of a connection writes."""

import asyncio
from typing import Any


class OneWriteTransport:
    """Transport that combines the writes of one iteration of the event loop into one.

    A complete response is written at once, unless earlier data is pending.
    """

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._pending: list[bytes] = []
        self.is_closing = transport.is_closing  # called several times per request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._pending:
            self._loop.call_soon(self._flush)
        self._pending.append(data)

    def write_whole(self, data: bytes) -> None:
        """Write a complete response."""
        if self._pending:
            self._pending.append(data)
        elif not self.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        if pending and not self.is_closing():
            self._transport.write(b"".join(pending))
