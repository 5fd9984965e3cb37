"""Logout at the request of a client (OpenID Connect RP-Initiated Logout 1.0), and the frames that
notify the other clients (OpenID Connect Front-Channel Logout 1.0).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.clock import Clock
from app.details import Detail
from app.models.clients.clients import Client
from app.models.operations.audit_outbox import NewEvent
from app.oauth.authorization.requests import UntrustedRequestError
from app.oauth.backchannel_logout import LogoutDelivery
from app.oauth.id_tokens import Hint, IdTokens
from app.oauth.redirect_uris import with_parameters
from app.oauth.subjects import sid_of, subject_of
from app.observability import request_context
from app.observability.refusals import shown_uri
from app.repositories.clients.clients import ClientRepository
from app.services.accounts.sessions import SessionService, SignedIn

HINT = "id_token_hint"
REDIRECT_URI = "post_logout_redirect_uri"


class UntrustedLogoutError(UntrustedRequestError):
    """A logout request that must not be answered with a redirect: the user sees an error page."""

    title = "This sign-out link doesn't work"


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """A valid logout request.

    `redirect_uri` is one that `client` registered. `session` is the session to end, or None if no
    user is signed in. `has_hint` means that an ID token of this server proves which client sent
    the request, and `needs_no_question` that it is also about this session, so that the client
    knows which user it signs out.
    """

    client: Client | None
    redirect_uri: str | None
    session: SignedIn | None
    has_hint: bool
    needs_no_question: bool


class Logout:
    def __init__(
        self,
        *,
        client_repository: ClientRepository,
        id_tokens: IdTokens,
        sessions: SessionService,
        logout_delivery: LogoutDelivery,
        clock: Clock,
        issuer: str,
    ) -> None:
        self._client_repository = client_repository
        self._id_tokens = id_tokens
        self._sessions = sessions
        self._logout_delivery = logout_delivery
        self._clock = clock
        self._issuer = issuer

    async def read(
        self, parameters: Mapping[str, str], signed_in: Sequence[SignedIn]
    ) -> LogoutRequest:
        """Parse and check a logout request.

        If the hint is not an ID token of this server, the request counts as one without a client:
        the user is asked to confirm, and is not redirected. Raises `UntrustedLogoutError` for a
        redirect URI that the client did not register.
        """
        id_token = parameters.get(HINT)
        hint = await self._id_tokens.read_hint(id_token) if id_token is not None else None
        is_forged = id_token is not None and hint is None
        client = None if is_forged else await self._client(parameters.get("client_id"), hint)
        redirect_uri = None if is_forged else _redirect_uri(client, parameters, hint)
        hinted = _session_of(hint, client, signed_in)
        return LogoutRequest(
            client=client,
            redirect_uri=redirect_uri,
            session=hinted or _session_to_confirm(parameters.get("logout_hint"), client, signed_in),
            has_hint=hint is not None,
            needs_no_question=hinted is not None and redirect_uri is not None,
        )

    async def end(self, session_id: str, *, event: NewEvent) -> list[str]:
        """End a session and return the URIs that the browser should load in frames.

        `event` is the audit event that records the end of the session.
        """
        frames = await self.frames(session_id)
        if await self._sessions.end(session_id, is_full=True, event=event):
            self._logout_delivery.kick()
        return frames

    async def frames(self, session_id: str) -> list[str]:
        """Return the URIs that the browser should load in frames once a session has ended."""
        signed_in = await self._sessions.find_by_id(session_id)
        clients = await self._sessions.clients_in(session_id)
        frames = [self._frame(client, session_id, signed_in) for client in clients]
        return [uri for uri in frames if uri is not None]

    async def _client(self, client_id: str | None, hint: Hint | None) -> Client | None:
        """Return the client of a request, or None if it is unknown or disabled.

        Raises `UntrustedLogoutError` if the parameters name two clients.
        """
        if client_id is not None and hint is not None and client_id != hint.aud:
            raise UntrustedLogoutError(
                Detail.ID_TOKEN_OF_ANOTHER_CLIENT,
                reason="the id_token_hint is for another client",
            )
        claimed_id = client_id if client_id is not None else hint.aud if hint is not None else None
        if claimed_id is not None:
            request_context.name_client(claimed_id)
        client = (
            await self._client_repository.find(claimed_id, now=self._clock.now())
            if claimed_id is not None
            else None
        )
        return client if client is not None and not client.is_disabled else None

    def _frame(self, client: Client, session_id: str, signed_in: SignedIn | None) -> str | None:
        metadata = client.registered_metadata
        uri = metadata.frontchannel_logout_uri
        if uri is None or client.is_disabled:
            return None
        if not metadata.frontchannel_logout_session_required:
            return uri
        if signed_in is not None:
            session_id = sid_of(signed_in.user, client, session_id)
        elif client.sector_identifier is not None:
            return None  # another request ended the session and notified this client
        return with_parameters(uri, {"iss": self._issuer, "sid": session_id})


def answer_uri(redirect_uri: str, state: str | None) -> str:
    """Return where to redirect the browser after a logout (RP-Initiated Logout section 3)."""
    if state is None:
        return redirect_uri
    return with_parameters(redirect_uri, {"state": state})


def _redirect_uri(
    client: Client | None, parameters: Mapping[str, str], hint: Hint | None
) -> str | None:
    """Return the requested redirect URI, or None.

    Raises `UntrustedLogoutError` if it does not equal a registered one character by character.
    """
    redirect_uri = parameters.get(REDIRECT_URI)
    if redirect_uri is None:
        return None
    if client is None:
        is_named = hint is not None or "client_id" in parameters
        raise UntrustedLogoutError(
            Detail.CLIENT_NOT_REGISTERED if is_named else Detail.CLIENT_NOT_NAMED
        )
    if redirect_uri not in client.registered_metadata.post_logout_redirect_uris:
        raise UntrustedLogoutError(
            Detail.REDIRECT_URI_NOT_REGISTERED,
            reason=f"the post_logout_redirect_uri {shown_uri(redirect_uri)} is not registered",
        )
    return redirect_uri


def _session_of(
    hint: Hint | None, client: Client | None, signed_in: Sequence[SignedIn]
) -> SignedIn | None:
    """Return the session of an ID token, or a later one of the same user, or None."""
    if hint is None:
        return None
    for candidate in signed_in:
        if hint.sid in _sids_of(candidate, client):
            return candidate
    for candidate in signed_in:
        if client is not None and subject_of(candidate.user, client) == hint.sub:
            return candidate
    return None


def _sids_of(signed_in: SignedIn, client: Client | None) -> tuple[str, ...]:
    """Return the values of `sid` by which this client may know a session.

    Earlier releases put the plain session identifier into the ID tokens of clients with pairwise
    subjects.
    """
    session_id = signed_in.session.session_id
    if client is None:
        return (session_id,)
    return (sid_of(signed_in.user, client, session_id), session_id)


def _session_to_confirm(
    logout_hint: str | None, client: Client | None, signed_in: Sequence[SignedIn]
) -> SignedIn | None:
    """Return the session whose user is asked to confirm.

    That is the one that `logout_hint` names, by username or `sid`, or else the current one.
    """
    for candidate in signed_in:
        if logout_hint in (candidate.user.username, *_sids_of(candidate, client)):
            return candidate
    return signed_in[0] if signed_in else None
