"""Logout: by a client (RP-Initiated Logout 1.0), and the word of it that reaches the others
(Back-Channel Logout 1.0, Front-Channel Logout 1.0)."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from authlib.common.urls import add_params_to_uri

from app.clock import Clock
from app.errors import DatabaseUnavailableError
from app.models.clients import Client
from app.models.logout_notices import LogoutNotice
from app.oauth.authorization.requests import UntrustedRequestError
from app.oauth.id_tokens import Hint, IdTokens
from app.oauth.subjects import subject_of
from app.observability.logging import logger
from app.outbound.http import FetchError, OutboundHttp
from app.repositories.clients import ClientRepository
from app.repositories.logout_notices import LogoutNoticeRepository
from app.repositories.users import UserRepository
from app.services.sessions import SessionService, SignedIn

log = logger(__name__)

DELAYS = tuple(timedelta(seconds=each) for each in (10, 60, 300, 1800, 7200))
POLL_SECONDS = 10.0
BATCH = 20


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """`redirect_uri` is proven: the client registered it, and it is sure which client asks.

    `session` is the living session that a valid hint names in this browser. `needs_no_question`
    is for a request whose hint says that the client knows whom it signs out.
    """

    client: Client | None
    hint: Hint | None
    redirect_uri: str | None
    session: SignedIn | None
    needs_no_question: bool


class Logout:
    def __init__(
        self, clients: ClientRepository, id_tokens: IdTokens, sessions: SessionService, issuer: str
    ) -> None:
        self._clients = clients
        self._id_tokens = id_tokens
        self._sessions = sessions
        self._issuer = issuer

    async def read(
        self, parameters: Mapping[str, str], signed_in: Sequence[SignedIn]
    ) -> LogoutRequest:
        """Raises `UntrustedRequestError` for an address that nobody registered."""
        given = parameters.get("id_token_hint")
        hint = await self._id_tokens.read_hint(given) if given is not None else None
        client = await self._client(parameters.get("client_id"), hint)
        session = _session_of(hint, client, signed_in)
        return LogoutRequest(
            client=client,
            hint=hint,
            redirect_uri=_redirect_uri(client, parameters),
            session=session,
            needs_no_question=hint is not None and (session is not None or not signed_in),
        )

    async def end(self, session: SignedIn) -> list[str]:
        """Ends a session; gives the addresses that the browser should load in frames."""
        session_id = session.session.session_id
        clients = await self._sessions.clients_in(session_id)
        await self._sessions.end(session_id)
        return [uri for each in clients if (uri := self._frame(each, session_id)) is not None]

    async def _client(self, client_id: str | None, hint: Hint | None) -> Client | None:
        if client_id is not None and hint is not None and client_id != hint.aud:
            raise UntrustedRequestError("The application and its ID token do not belong together.")
        named = client_id if client_id is not None else hint.aud if hint is not None else None
        return await self._clients.find(named) if named is not None else None

    def _frame(self, client: Client, session_id: str) -> str | None:
        uri = client.further_metadata.get("frontchannel_logout_uri")
        if uri is None or not client.further_metadata.get("frontchannel_logout_session_required"):
            return uri
        return str(add_params_to_uri(uri, [("iss", self._issuer), ("sid", session_id)]))


def answer_uri(redirect_uri: str, state: str | None) -> str:
    """Where the browser goes after a logout (RP-Initiated Logout section 3)."""
    if state is None:
        return redirect_uri
    return str(add_params_to_uri(redirect_uri, [("state", state)]))


def _session_of(
    hint: Hint | None, client: Client | None, signed_in: Sequence[SignedIn]
) -> SignedIn | None:
    if hint is None:
        return None
    for each in signed_in:
        if each.session.session_id == hint.sid:
            return each
    for each in signed_in:
        if client is not None and subject_of(each.user, client) == hint.sub:
            return each
    return None


def _redirect_uri(client: Client | None, parameters: Mapping[str, str]) -> str | None:
    asked = parameters.get("post_logout_redirect_uri")
    if asked is None:
        return None
    if client is None:
        if "id_token_hint" in parameters:
            return None  # the hint is not ours, so nothing it says counts: ask, and stay here
        raise UntrustedRequestError(
            "The application did not say which one it is.", error="invalid_redirect_uri"
        )
    if asked not in (client.further_metadata.get("post_logout_redirect_uris") or ()):
        raise UntrustedRequestError(
            "The application wants to go back to an address that it did not register.",
            error="invalid_redirect_uri",
        )
    return asked


class LogoutDelivery:
    """Brings logout tokens to clients: at once, and again with growing delays where they fail."""

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

    def kick(self) -> None:
        """Somebody signed out: does not wait for the next look."""
        self._due.set()

    async def run_forever(self) -> None:
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            try:
                await self.run_once()
            except DatabaseUnavailableError:
                log.warning("logout tokens wait: the database is not available")
            except Exception:
                log.exception("the delivery of logout tokens failed and will try again")

    async def run_once(self) -> int:
        """Tries what is due now; gives how many reached their client."""
        due = await self._notices.list_due(now=self._clock.now(), limit=BATCH)
        return sum(await asyncio.gather(*(self._try(notice) for notice in due)))

    async def _try(self, notice: LogoutNotice) -> bool:
        delay = DELAYS[min(notice.attempts, len(DELAYS) - 1)]
        if not await self._notices.take(notice, next_attempt_at=self._clock.now() + delay):
            return False
        is_done = await self._deliver(notice)
        if is_done or notice.attempts >= len(DELAYS):
            await self._notices.remove(notice.notice_id)
        return is_done

    async def _deliver(self, notice: LogoutNotice) -> bool:
        client = await self._clients.find(notice.client_id)
        user = await self._users.find(notice.user_id)
        uri = client.further_metadata.get("backchannel_logout_uri") if client is not None else None
        if client is None or user is None or uri is None:
            return True
        token = await self._id_tokens.logout_token(client, user, notice.session_id)
        try:
            status = await self._outbound.post_form(uri, {"logout_token": token})
        except FetchError as error:
            log.warning("client %s was not told of a logout: %s", client.client_id, error)
            return False
        if status not in (HTTPStatus.OK, HTTPStatus.NO_CONTENT):
            log.warning("client %s answered a logout token with %d", client.client_id, status)
        return status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.BAD_REQUEST)
