"""Turns at a host: how many requests may be under way to it, for everybody and for one party."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from app.observability import origin
from app.outbound.errors import BusyError, FetchError

AT_ONCE = 20
"""How many requests may be under way to one host; more wait, as long as their time lasts."""
OF_ONE_PARTY = AT_ONCE // 4
"""How many of them one client, or the callers of one network, may have."""


class Turns:
    def __init__(self) -> None:
        self._semaphores: WeakValueDictionary[tuple[str, str, str], asyncio.Semaphore] = (
            WeakValueDictionary()
        )

    @asynccontextmanager
    async def taken(self, host: str, *, shared: bool, deadline: float) -> AsyncIterator[None]:
        """Hold a turn at a host.

        With `shared` the client and the network of the current request have at most a quarter of
        the turns each. Raises `FetchError` where the client itself holds its quarter until the
        deadline, and `BusyError` where others hold the rest.
        """
        client, network = (origin.client_id(), origin.network()) if shared else (None, "")
        own = self._of(host, "client", client or "", OF_ONE_PARTY if client else None)
        of_network = self._of(host, "network", network, OF_ONE_PARTY if network else None)
        everybody = self._of(host, "", "", AT_ONCE)
        own_full = FetchError("too many requests of this client to its host are under way")
        others_full = BusyError("too many requests to this host are under way")
        async with (
            _held(own, deadline, own_full),
            _held(of_network, deadline, others_full),
            _held(everybody, deadline, others_full),
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
