"""Sessions on the server: begun by a sign-in, looked up by the secret in a cookie, and ended."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.clock import Clock
from app.models.audit_outbox import NewEvent
from app.models.clients import Client
from app.models.sessions import Session
from app.models.users import User
from app.repositories.sessions import SessionRepository, SignedIn
from app.security.tokens import TokenKind, digest_of, new_identifier, new_token

__all__ = ["ACR_MFA", "ACR_PASSWORD", "SessionService", "SignedIn", "acr_of"]

ACR_PASSWORD = "urn:postern:acr:password"
ACR_MFA = "urn:postern:acr:mfa"
MULTIPLE_FACTORS = "mfa"
MAXIMUM_USER_AGENT = 300


class SessionService:
    """`ttl` is how long a session lasts, whatever happens in it."""

    def __init__(self, sessions: SessionRepository, clock: Clock, *, ttl: timedelta) -> None:
        self._sessions = sessions
        self._clock = clock
        self._ttl = ttl

    async def begin(
        self,
        user: User,
        *,
        amr: Sequence[str],
        user_agent: str,
        address: str,
        renews: str | None = None,
        auth_time: datetime | None = None,
        adds_factor: bool = False,
        event: NewEvent,
    ) -> tuple[str, Session] | None:
        """A new session, and the secret for the browser's cookie. `amr` as in RFC 8176.

        `renews` names a session of the same person in the same browser: it goes on, its `sid`
        stays, and its secret is worth nothing from now on. `auth_time` is that of an earlier
        first factor. Where this only `adds_factor` to it, the session does not last longer, and
        one that ended meanwhile stays ended: None. The event is that of the sign-in.
        """
        secret = new_token(TokenKind.SESSION)
        now = self._clock.now()
        made = Session(
            session_id=renews or "",
            digest=digest_of(secret),
            user_id=user.user_id,
            credentials_version=user.credentials_version,
            auth_time=auth_time or now,
            acr=acr_of(amr),
            amr=" ".join(amr),
            user_agent=printable(user_agent),
            address=address,
            created_at=now,
            last_seen_at=now,
            expires_at=(auth_time if auth_time is not None and adds_factor else now) + self._ttl,
            ended_at=None,
        )
        if renews is not None and await self._sessions.renew(made, event=event):
            return secret, made
        if adds_factor:
            return None
        made = replace(made, session_id=new_identifier())
        await self._sessions.add(made, event=event)
        return secret, made

    async def go_on(self, user: User, session: Session) -> tuple[str, SignedIn] | None:
        """The same sign-in goes on under the credentials that its person has now, and under a new
        secret; None where it ended meanwhile."""
        secret = new_token(TokenKind.SESSION)
        again = replace(
            session,
            digest=digest_of(secret),
            credentials_version=user.credentials_version,
            last_seen_at=self._clock.now(),
        )
        is_renewed = await self._sessions.renew(again, event=None)
        return (secret, SignedIn(again, user)) if is_renewed else None

    async def find(self, secret: str) -> SignedIn | None:
        """The living session that a cookie names, which now counts as seen."""
        if not TokenKind.SESSION.matches(secret):
            return None
        now = self._clock.now()
        found = await self._sessions.find_by_digest(digest_of(secret), now=now)
        if found is not None:
            await self._sessions.mark_seen(found.session, now=now)
        return found

    async def find_by_id(self, session_id: str) -> SignedIn | None:
        return await self._sessions.find(session_id, now=self._clock.now())

    async def list_of(self, user_id: str) -> Sequence[Session]:
        return await self._sessions.list_living(user_id, now=self._clock.now())

    async def clients_in(self, session_id: str) -> Sequence[Client]:
        """The clients that a person signed in to in a session."""
        return await self._sessions.list_clients(session_id)

    async def end(self, session_id: str, *, event: NewEvent) -> bool:
        """Signs out; False where the session had ended before, and then there is no event."""
        return await self._sessions.end(session_id, now=self._clock.now(), event=event)

    async def end_all(
        self, user_id: str, *, but: str | None = None, event_of: Callable[[int], NewEvent]
    ) -> int:
        """Signs a person out everywhere, also where his credentials ended the session already:
        the clients are told. Gives how many sessions ended; `but` names one that goes on.

        `event_of` builds the event from that number.
        """
        return await self._sessions.end_all(
            user_id, but=but, now=self._clock.now(), event_of=event_of
        )


def acr_of(amr: Sequence[str]) -> str:
    """The class of an authentication by these methods."""
    return ACR_MFA if MULTIPLE_FACTORS in amr else ACR_PASSWORD


def printable(text: str) -> str:
    """What is kept of a `User-Agent`."""
    return "".join(char for char in text if " " <= char <= "~")[:MAXIMUM_USER_AGENT]
