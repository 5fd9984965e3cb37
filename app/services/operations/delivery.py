"""Deliver queued rows (emails, logout tokens) until the server stops."""

import asyncio
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

from app.clock import Clock
from app.concurrency.background_loop import BackgroundLoop, wait_for_event
from app.observability.logging import logger

log = logger(__name__)

POLL_SECONDS = 10.0
BATCH = 20
AT_ONCE_OF_HOST = 20

Row = TypeVar("Row")
Result = TypeVar("Result")


class Flight(Generic[Row]):
    """Attempts in progress, and how many of them each party and each host has.

    Only rows that were ready at `now` are started: a row that fails during a pass is left to a
    later one.
    """

    def __init__(self, now: datetime, looked_at: float) -> None:
        self.now = now
        self.looked_at = looked_at
        self.tasks: dict[asyncio.Task[bool], tuple[Row, str, str]] = {}
        self.rows: set[Row] = set()
        self.parties: Counter[str] = Counter()
        self.hosts: Counter[str] = Counter()
        self.host_of: dict[str, str] = {}
        self.arrived = 0

    def add(self, task: asyncio.Task[bool], row: Row, party: str, host: str) -> None:
        self.tasks[task] = (row, party, host)
        self.rows.add(row)
        self.parties[party] += 1
        self.hosts[host] += 1

    def land(self) -> None:
        """Remove the attempts that have ended; raise the exception of a failed one."""
        for task in [ended for ended in self.tasks if ended.done()]:
            row, party, host = self.tasks.pop(task)
            self.rows.discard(row)
            self.parties[party] -= 1
            self.hosts[host] -= 1
            self.arrived += task.result()

    def full(self, limit: int) -> set[str]:
        return {party for party, count in self.parties.items() if count >= limit}


class Delivery(BackgroundLoop, Generic[Row]):
    """Delivery of queued rows.

    It runs when `due` is set, and every `POLL_SECONDS`. `what` is the name of the rows in the log.
    """

    def __init__(
        self, clock: Clock, due: asyncio.Event, *, what: str, at_once: int, at_once_of_party: int
    ) -> None:
        super().__init__(
            log,
            unavailable=f"{what} are waiting: the database is not available",
            failed=f"the delivery of {what} failed and will be retried",
        )
        self._at_once = at_once
        self._at_once_of_party = at_once_of_party
        self._clock = clock
        self._due = due
        self._sending: set[asyncio.Task[Any]] = set()
        self._is_stopping = False

    async def run_once(self) -> int:
        """Deliver every row that is ready, and return how many were delivered.

        A row starts as soon as its party has room, even if it becomes ready during this pass, so
        that no party waits for another that does not respond.
        """
        flight: Flight[Row] = Flight(self._clock.now(), asyncio.get_running_loop().time())
        listed: list[Row] = []
        try:
            while True:
                listed = await self._start(flight, listed)
                if not flight.tasks:
                    return flight.arrived
                await self._wait_for_one(flight)
        finally:
            await asyncio.gather(*flight.tasks, return_exceptions=True)

    async def _start(self, flight: "Flight[Row]", listed: list[Row]) -> list[Row]:
        """Start the rows that have room, those listed earlier first; return the rest."""
        if self._is_stopping:
            return []
        rest = await self._start_those(flight, listed)
        if len(rest) < len(listed) or len(flight.tasks) >= self._at_once:
            return rest
        blocked = {self._party(row) for row in rest} | flight.full(self._at_once_of_party)
        ready = await self._list_due(now=flight.now, limit=BATCH, without=blocked - {""})
        return rest + await self._start_those(flight, ready)

    async def _start_those(self, flight: "Flight[Row]", rows: Sequence[Row]) -> list[Row]:
        rest = []
        await self._learn_hosts(flight, rows)
        for row in rows:
            party = self._party(row)
            host = flight.host_of[party]
            if row in flight.rows:
                continue  # listed again before it was taken
            if (
                len(flight.tasks) < self._at_once
                and (not party or flight.parties[party] < self._at_once_of_party)
                and (not host or flight.hosts[host] < AT_ONCE_OF_HOST)
            ):
                flight.add(asyncio.create_task(self._try(row)), row, party, host)
            else:
                rest.append(row)
        return rest

    async def _learn_hosts(self, flight: "Flight[Row]", rows: Sequence[Row]) -> None:
        of_parties = {self._party(row): row for row in rows}
        unknown = {party: row for party, row in of_parties.items() if party not in flight.host_of}
        hosts = await asyncio.gather(*map(self._host, unknown.values()))
        flight.host_of.update(zip(unknown, hosts, strict=True))

    async def _wait_for_one(self, flight: "Flight[Row]") -> None:
        """Wait until an attempt has ended, or until there is more to do."""
        more = asyncio.create_task(self._due.wait())
        try:
            await asyncio.wait({*flight.tasks, more}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            more.cancel()
        looked_at = asyncio.get_running_loop().time()
        if self._due.is_set() or looked_at - flight.looked_at > POLL_SECONDS:
            self._due.clear()
            flight.now, flight.looked_at = self._clock.now(), looked_at
        flight.land()

    @abstractmethod
    async def _list_due(
        self, *, now: datetime, limit: int, without: Collection[str]
    ) -> Sequence[Row]:
        """List rows that are ready, except those of the parties in `without`."""

    def _party(self, row: Row) -> str:
        """Return the party that a row is for, or an empty string if parties have no limit."""
        return ""

    async def _host(self, row: Row) -> str:
        """Return the host of a row's party, or an empty string if hosts have no limit."""
        return ""

    @abstractmethod
    async def _try(self, row: Row) -> bool:
        """Attempt to deliver a row; return whether it was delivered."""

    async def _unless_stopping(
        self, send: Callable[[], Coroutine[Any, Any, Result]], stopped: Exception
    ) -> Result:
        """Return the result of `send`; raise `stopped` if the server stops before it ends."""
        if self._is_stopping:
            raise stopped
        sending = asyncio.create_task(send())
        self._sending.add(sending)
        try:
            return await sending
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise
            raise stopped from None
        finally:
            self._sending.discard(sending)

    async def _wait(self) -> None:
        await wait_for_event(self._due, at_most=POLL_SECONDS)
        self._due.clear()

    async def _pass(self) -> None:
        await self.run_once()

    def _on_stop(self, current_pass: asyncio.Task[None]) -> None:
        """Stop sending; rows that are being sent are left to a later attempt."""
        self._is_stopping = True
        for sending in self._sending:
            sending.cancel()
