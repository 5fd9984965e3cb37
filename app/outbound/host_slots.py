"""Limits on concurrent requests to a host, in total and for each party."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from app.observability import request_context
from app.outbound.errors import BusyError, FetchError

AT_ONCE = 20
"""Concurrent requests to one host; further requests wait until their deadline."""
OF_ONE_PARTY = AT_ONCE // 4
"""Share of one client, or of the callers from one network."""


class HostSlots:
    def __init__(self) -> None:
        self._semaphores: WeakValueDictionary[tuple[str, str, str], asyncio.Semaphore] = (
            WeakValueDictionary()
        )

    @asynccontextmanager
    async def taken(self, host: str, *, shared: bool, deadline: float) -> AsyncIterator[None]:
        """Hold one of the slots for requests to a host.

        With `shared`, the client and the network of the current request may each use at most a
        quarter of the slots. Raises `FetchError` if the client itself uses its quarter until the
        deadline, and `BusyError` if others use the rest.
        """
        client, network = (
            (request_context.client_id(), request_context.network()) if shared else (None, "")
        )
        client_slots = self._of(host, "client", client or "", OF_ONE_PARTY if client else None)
        network_slots = self._of(host, "network", network, OF_ONE_PARTY if network else None)
        all_slots = self._of(host, "", "", AT_ONCE)
        client_error = FetchError("too many concurrent requests by this client to its host")
        busy_error = BusyError("too many concurrent requests to this host")
        async with (
            _held(client_slots, deadline, client_error),
            _held(network_slots, deadline, busy_error),
            _held(all_slots, deadline, busy_error),
        ):
            yield

    def _of(self, host: str, kind: str, name: str, limit: int | None) -> asyncio.Semaphore | None:
        if limit is None:
            return None
        return self._semaphores.setdefault((host, kind, name), asyncio.Semaphore(limit))


@asynccontextmanager
async def _held(
    semaphore: asyncio.Semaphore | None, deadline: float, full: FetchError
) -> AsyncIterator[None]:
    if semaphore is None:
        yield
        return
    try:
        async with asyncio.timeout_at(deadline):
            await semaphore.acquire()
    except TimeoutError:
        raise full from None
    try:
        yield
    finally:
        semaphore.release()
