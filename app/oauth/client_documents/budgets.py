"""How many documents are fetched: for each URL, for each network, and at the same time."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum

from cachetools import LRUCache

from app.clock import Clock
from app.errors import TooManyRequestsError
from app.oauth.client_documents.errors import DocumentBusyError
from app.observability import request_context
from app.services.operations.limits import Limits

AGAIN_AFTER = timedelta(minutes=1)
REMEMBERED = 10_000
AT_ONCE = 20
"""Connections of this process for first fetches, and as many for known documents."""
FOR_ALL = 10
"""Of these, the first ones. The others are for callers from a /24 or /48 that has none."""
OF_ONE_NETWORK = 3
OF_ONE_HOST = 5
RETRY_AFTER = 5


class FetchBudgets:
    """The budgets of fetches. What is over one is refused at once: nothing waits."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._fetched_at: LRUCache[str, datetime] = LRUCache(REMEMBERED)
        self._open = {True: OpenConnections(), False: OpenConnections()}

    async def spend(self, url: str, host: str, *, is_known: bool) -> None:
        """Count a fetch; raises `DocumentBusyError` if it has to wait."""
        last, now = self._fetched_at.get(url), self._clock.now()
        if last is not None and abs(now - last) < AGAIN_AFTER:
            raise DocumentBusyError(
                retry_after=math.ceil((AGAIN_AFTER - abs(now - last)).total_seconds()),
                reason="the document was fetched less than a minute ago",
                network=None,
            )
        try:
            await self._limits.count_document(host, is_known=is_known)
        except TooManyRequestsError as error:
            raise DocumentBusyError(
                retry_after=error.retry_after,
                reason=error.reason or "rate limit reached",
                network=request_context.network(),
            ) from None
        self._fetched_at[url] = now

    @contextmanager
    def connection(self, host: str, *, is_known: bool) -> Iterator[None]:
        """Hold one of the connections; raises `DocumentBusyError` if none is left."""
        holders, network = self._open[is_known], request_context.network()
        neighbours = request_context.wider_network()
        limit = holders.limit_reached(host, network, neighbours)
        if limit is not None:
            raise DocumentBusyError(
                retry_after=RETRY_AFTER,
                reason=f"too many documents are fetched at the same time {limit.value}",
                network=network if limit is Limit.OF_NETWORK else None,
            )
        with holders.held(host, network, neighbours):
            yield


class Limit(Enum):
    """Whose connections are all in use."""

    OF_ALL = "by all callers"
    OF_HOST = "from this host"
    OF_NETWORK = "by this network"


class OpenConnections:
    """How many connections there are, in total, to each host and for each network.

    A few networks, or one host, that keep their connections for long leave some to others.
    """

    def __init__(self) -> None:
        self._total = 0
        self._hosts = Counter[str]()
        self._networks = Counter[str]()
        self._neighbours = Counter[str]()

    def limit_reached(self, host: str, network: str, neighbours: str) -> Limit | None:
        """Return which limit does not allow a network one more connection to a host."""
        if self._total >= AT_ONCE:
            return Limit.OF_ALL
        if self._hosts[host] >= OF_ONE_HOST:
            return Limit.OF_HOST
        if self._total >= FOR_ALL:
            return Limit.OF_NETWORK if self._neighbours[neighbours] else None
        return Limit.OF_NETWORK if self._networks[network] >= OF_ONE_NETWORK else None

    @contextmanager
    def held(self, host: str, network: str, neighbours: str) -> Iterator[None]:
        holders = ((self._hosts, host), (self._networks, network), (self._neighbours, neighbours))
        self._total += 1
        for held, name in holders:
            held[name] += 1
        try:
            yield
        finally:
            self._total -= 1
            for held, name in holders:
                held[name] -= 1
                if not held[name]:
                    del held[name]
