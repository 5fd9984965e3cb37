"""How many documents are fetched: for each URL, for each network, and at the same time."""

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from cachetools import LRUCache

from app.clock import Clock
from app.errors import TooManyRequestsError
from app.oauth.client_documents.errors import DocumentBusyError
from app.observability import request_context
from app.services.operations.limits import Limits

AGAIN_AFTER = timedelta(minutes=1)
REMEMBERED = 10_000
AT_ONCE = 10
"""Connections of this process for first fetches, and as many for known documents."""
OF_ONE_NETWORK = 3
RETRY_AFTER = 5


class FetchBudgets:
    """The budgets of fetches. What is over one is refused at once: nothing waits."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._fetched_at: LRUCache[str, datetime] = LRUCache(REMEMBERED)
        self._open: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}

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
    def connection(self, *, is_known: bool) -> Iterator[None]:
        """Hold one of the connections; raises `DocumentBusyError` if none is left."""
        used, network = self._open[is_known], request_context.network()
        is_network_full = used[network] >= OF_ONE_NETWORK
        if is_network_full or used.total() >= AT_ONCE:
            raise DocumentBusyError(
                retry_after=RETRY_AFTER,
                reason="too many documents are fetched at the same time",
                network=network if is_network_full else None,
            )
        used[network] += 1
        try:
            yield
        finally:
            used[network] -= 1
            if not used[network]:
                del used[network]
