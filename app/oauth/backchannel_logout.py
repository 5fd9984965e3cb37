"""Brings logout tokens to clients (OpenID Connect Back-Channel Logout 1.0): at once, and again with
growing delays where that fails.

The notices are rows that the end of a session wrote with it, so none is lost with a process.
"""

import asyncio
from datetime import timedelta
from http import HTTPStatus

from app.clock import Clock
from app.errors import DatabaseUnavailableError
from app.models.clients import Client
from app.models.logout_notices import LogoutNotice
from app.oauth.id_tokens import IdTokens
from app.observability.logging import logger
from app.outbound.http import FetchError, OutboundHttp
from app.repositories.clients import ClientRepository
from app.repositories.logout_notices import LogoutNoticeRepository
from app.repositories.users import UserRepository

log = logger(__name__)

DELAYS = tuple(timedelta(seconds=each) for each in (10, 60, 300, 1800, 7200))
"""Before each further attempt, and so for how long an attempt belongs to one worker."""
POLL_SECONDS = 10.0
BATCH = 20
URI = "backchannel_logout_uri"
ANSWERED = (HTTPStatus.OK, HTTPStatus.NO_CONTENT)


class LogoutDelivery:
    def __init__(
        self,
        notices: LogoutNoticeRepository,
        clients: ClientRepository,
        users: UserRepository,
        id_tokens: IdTokens,
        outbound: OutboundHttp,
        clock: Clock,
    ) -> None:
        self._notices = notices
        self._clients = clients
        self._users = users
        self._id_tokens = id_tokens
        self._outbound = outbound
        self._clock = clock
        self._due = asyncio.Event()
        self._sending: set[asyncio.Task[int]] = set()
        self._is_stopping = False

    def kick(self) -> None:
        """Somebody signed out: does not wait for the next look."""
        self._due.set()

    async def run_forever(self) -> None:
        """Until it is cancelled: what it sends then is left to a later attempt."""
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            look = asyncio.create_task(self._look())
            try:
                await asyncio.shield(look)
            except asyncio.CancelledError:
                self._is_stopping = True
                for each in self._sending:
                    each.cancel()
                await look  # no connection to the database is left in the middle of a statement
                raise

    async def run_once(self) -> int:
        """Tries all that is due; gives how many reached their client."""
        delivered, now = 0, self._clock.now()
        while not self._is_stopping:
            due = await self._notices.list_due(now=now, limit=BATCH)
            if not due:
                break
            delivered += sum(await asyncio.gather(*(self._try(notice) for notice in due)))
        return delivered

    async def _look(self) -> None:
        try:
            await self.run_once()
        except DatabaseUnavailableError:
            log.warning("logout tokens wait: the database is not available")
        except Exception:
            log.exception("the delivery of logout tokens failed and will try again")

    async def _try(self, notice: LogoutNotice) -> bool:
        is_last = notice.attempts >= len(DELAYS)
        delay = DELAYS[min(notice.attempts, len(DELAYS) - 1)]
        if not await self._notices.take(notice, next_attempt_at=self._clock.now() + delay):
            return False  # another worker was first
        status = await self._deliver(notice)
        if status is None and self._is_stopping:
            return False  # the next server goes on
        if is_last and status is None:
            log.warning("client %s is not told of a logout any more", notice.client_id)
        if is_last or status is not None:
            await self._notices.remove(notice.notice_id)
        return status in ANSWERED

    async def _deliver(self, notice: LogoutNotice) -> int | None:
        """The status that ends it, 404 where there is nobody to tell; None to try again."""
        client = await self._clients.find(notice.client_id)
        user = await self._users.find(notice.user_id)
        if client is None or client.is_disabled or URI not in _said_by(client):
            return HTTPStatus.NOT_FOUND
        token = await self._id_tokens.logout_token(client, user, notice.session_id)
        try:
            status = await self._send(_said_by(client)[URI], token)
        except FetchError as error:
            log.warning("client %s was not told of a logout: %s", client.client_id, error)
            return None
        if status not in ANSWERED:
            log.warning("client %s answered a logout token with %d", client.client_id, status)
        return status if status in (*ANSWERED, HTTPStatus.BAD_REQUEST) else None

    async def _send(self, uri: str, token: str) -> int:
        if self._is_stopping:
            raise FetchError("the server stops")
        sending = asyncio.create_task(self._outbound.post_form(uri, {"logout_token": token}))
        self._sending.add(sending)
        try:
            return await sending
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise
            raise FetchError("the server stops") from None
        finally:
            self._sending.discard(sending)


def _said_by(client: Client) -> dict[str, str]:
    return client.further_metadata
