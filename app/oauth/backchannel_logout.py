"""Delivery of logout tokens to clients (OpenID Connect Back-Channel Logout 1.0).

A token is sent at once, and again after growing delays if that fails. The notices are rows that are
stored in the same transaction that ends the session, so none is lost if a process dies.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from app.clock import Clock
from app.models.oauth.logout_notices import LogoutNotice
from app.oauth.id_tokens import IdTokens
from app.observability.logging import logger
from app.outbound.http import FetchError, OutboundHttp
from app.repositories.accounts.users import UserRepository
from app.repositories.clients.clients import ClientRepository
from app.repositories.oauth.logout_notices import LogoutNoticeRepository
from app.services.operations.delivery import Delivery

log = logger(__name__)

DELAYS = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200))
"""Delays before each retry, and so for how long an attempt is reserved for one worker."""
AT_ONCE = 100
AT_ONCE_OF_CLIENT = 4
"""Concurrent attempts: `AT_ONCE` in all, and this many to one client."""
ANSWERED = (HTTPStatus.OK, HTTPStatus.NO_CONTENT)


class LogoutDelivery(Delivery[LogoutNotice]):
    def __init__(
        self,
        *,
        logout_notice_repository: LogoutNoticeRepository,
        client_repository: ClientRepository,
        user_repository: UserRepository,
        id_tokens: IdTokens,
        outbound: OutboundHttp,
        clock: Clock,
    ) -> None:
        super().__init__(
            clock,
            asyncio.Event(),
            what="logout tokens",
            at_once=AT_ONCE,
            at_once_of_party=AT_ONCE_OF_CLIENT,
        )
        self._logout_notice_repository = logout_notice_repository
        self._client_repository = client_repository
        self._user_repository = user_repository
        self._id_tokens = id_tokens
        self._outbound = outbound

    def kick(self) -> None:
        """Deliver at once, without waiting for the next poll, because a user signed out."""
        self._due.set()

    async def _list_due(
        self, *, now: datetime, limit: int, without: Collection[str]
    ) -> Sequence[LogoutNotice]:
        return await self._logout_notice_repository.list_due(now=now, limit=limit, without=without)

    def _party(self, row: LogoutNotice) -> str:
        return row.client_id

    async def _host(self, row: LogoutNotice) -> str:
        client = await self._client_repository.find(row.client_id, now=self._clock.now())
        uri = client.registered_metadata.backchannel_logout_uri if client is not None else None
        return urlsplit(uri or "").hostname or ""

    async def _try(self, row: LogoutNotice) -> bool:
        is_last = row.attempts >= len(DELAYS)
        delay = DELAYS[min(row.attempts, len(DELAYS) - 1)]
        if not await self._logout_notice_repository.take(
            row, next_attempt_at=self._clock.now() + delay
        ):
            return False  # another worker has taken it
        status = await self._deliver(row)
        if status is None and self._is_stopping:
            return False  # the next server continues
        if is_last and status is None:
            log.warning("client %s was not notified of a logout: giving up", row.client_id)
        if is_last or status is not None:
            await self._logout_notice_repository.remove(row.notice_id)
        return status in ANSWERED

    async def _deliver(self, notice: LogoutNotice) -> int | None:
        """Send a logout token.

        Returns the status that ends the delivery, 404 if there is no recipient, or None to retry.
        """
        client = await self._client_repository.find(notice.client_id, now=self._clock.now())
        user = await self._user_repository.find(notice.user_id)
        uri = client.registered_metadata.backchannel_logout_uri if client is not None else None
        if client is None or client.is_disabled or uri is None:
            return HTTPStatus.NOT_FOUND
        salt = notice.pairwise_salt
        if client.sector_identifier is not None and user is None and salt is None:
            # The `sid` by which this client knew the session cannot be computed any more.
            return HTTPStatus.NOT_FOUND
        token = await self._id_tokens.logout_token(
            client, user, notice.session_id, salt=salt or b""
        )
        try:
            status = await self._unless_stopping(
                lambda: self._outbound.post_form(uri, {"logout_token": token}),
                FetchError("the server is stopping"),
            )
        except FetchError as error:
            log.warning("client %s was not notified of a logout: %s", client.client_id, error)
            return None
        if status not in ANSWERED:
            log.warning("client %s responded to a logout token with %d", client.client_id, status)
        return status if status in (*ANSWERED, HTTPStatus.BAD_REQUEST) else None
