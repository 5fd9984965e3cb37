"""Server-side sessions: created by a sign-in, found by the secret in a cookie, and ended."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.clock import Clock
from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.models.clients.clients import Client
from app.models.operations.audit_outbox import NewEvent
from app.repositories.accounts.sessions import (
    BEFORE_ALL,
    SessionOfUser,
    SessionPosition,
    SessionRepository,
    SignedIn,
)
from app.security.tokens import TokenKind, digest_of, new_identifier, new_token

__all__ = [
    "ACR_MFA",
    "ACR_PASSWORD",
    "AMR_PASSWORD",
    "BEFORE_ALL",
    "SessionOfUser",
    "SessionPosition",
    "SessionService",
    "SignedIn",
    "acr_of",
]

ACR_PASSWORD = "urn:postern:acr:password"
ACR_MFA = "urn:postern:acr:mfa"
AMR_PASSWORD = "pwd"
MULTIPLE_FACTORS = "mfa"
"""Authentication methods (RFC 8176)."""
CONSOLE_MAXIMUM_AGE = timedelta(hours=12)
"""How long after a sign-in the console can be used, however long the session lasts."""
MAXIMUM_USER_AGENT = 300


class SessionService:
    """Sessions of users.

    `ttl` is how long a session lasts, regardless of activity. `staying_ttl` is how long it lasts if
    the user asked to stay signed in; zero disables that.
    """

    def __init__(
        self,
        *,
        session_repository: SessionRepository,
        clock: Clock,
        ttl: timedelta,
        staying_ttl: timedelta,
    ) -> None:
        self._session_repository = session_repository
        self._clock = clock
        self.ttl = ttl
        self.staying_ttl = staying_ttl

    @property
    def longest(self) -> timedelta:
        """How long a session can last."""
        return max(self.ttl, self.staying_ttl)

    async def begin(
        self,
        user: User,
        *,
        amr: Sequence[str],
        user_agent: str,
        address: str,
        renews: Session | None = None,
        auth_time: datetime | None = None,
        adds_factor: bool = False,
        provider: str | None = None,
        stays_signed_in: bool = False,
        event: NewEvent,
    ) -> tuple[str, Session] | None:
        """Create a session and return it with the secret for the browser's cookie.

        `amr` is as in RFC 8176. `renews` is a session of the same user in the same browser: it
        continues with the same `sid`, and its old secret is revoked. `auth_time` is that of an
        earlier first factor. If the sign-in only `adds_factor` to it, the session does not last
        longer, and None is returned if it has ended. Otherwise `stays_signed_in` says whether the
        user asked to stay signed in. `provider` is the identity provider of the first factor, if it
        was one. `event` is that of the sign-in.
        """
        stays_signed_in = stays_signed_in and self.staying_ttl > timedelta(0)
        secret = new_token(TokenKind.SESSION)
        now = self._clock.now()
        session = Session(
            session_id=renews.session_id if renews is not None else "",
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
            expires_at=now + (self.staying_ttl if stays_signed_in else self.ttl),
            ended_at=None,
            provider=provider,
            stays_signed_in=stays_signed_in,
        )
        if renews is not None and adds_factor:
            session = replace(
                session, expires_at=renews.expires_at, stays_signed_in=renews.stays_signed_in
            )
        if renews is not None and await self._session_repository.renew(session, event=event):
            return secret, session
        if adds_factor:
            return None
        session = replace(session, session_id=new_identifier())
        await self._session_repository.add(session, event=event)
        return secret, session

    async def go_on(self, user: User, session: Session) -> tuple[str, SignedIn] | None:
        """Continue a session under the user's current credentials and a new secret.

        It does not stay signed in any longer than other sessions. Return None if it has ended.
        """
        secret, now = new_token(TokenKind.SESSION), self._clock.now()
        renewed = replace(
            session,
            digest=digest_of(secret),
            credentials_version=user.credentials_version,
            last_seen_at=now,
            expires_at=min(session.expires_at, now + self.ttl),
            stays_signed_in=False,
        )
        is_renewed = await self._session_repository.renew(renewed, event=None)
        return (secret, SignedIn(renewed, user)) if is_renewed else None

    async def find(self, secret: str) -> SignedIn | None:
        """Return the active session that a cookie names, and mark it as seen.

        A session that stays signed in is not active while the setting does not allow it.
        """
        if not TokenKind.SESSION.matches(secret):
            return None
        now = self._clock.now()
        signed_in = await self._session_repository.find_by_digest(digest_of(secret), now=now)
        if signed_in is None or (signed_in.session.stays_signed_in and not self.staying_ttl):
            return None
        await self._session_repository.mark_seen(signed_in.session, now=now)
        return signed_in

    def is_recent_enough_for_console(self, session: Session) -> bool:
        """Return whether the user signed in recently enough for the console.

        A session that stays signed in, or has a long `SESSION_TTL`, ends there like any other.
        """
        age = self._clock.now() - session.auth_time
        return age <= min(self.ttl, CONSOLE_MAXIMUM_AGE)

    async def find_by_id(self, session_id: str) -> SignedIn | None:
        return await self._session_repository.find(session_id, now=self._clock.now())

    async def list_of(self, user_id: str) -> Sequence[Session]:
        return await self._session_repository.list_valid(user_id, now=self._clock.now())

    async def list_page(
        self,
        *,
        user_id: str | None = None,
        since: datetime | None = None,
        after: SessionPosition = BEFORE_ALL,
        limit: int = 100,
    ) -> Sequence[SessionOfUser]:
        """Return a page of active sessions, the newest sign-in first.

        They can be limited to those of a user, and to sign-ins from `since` on.
        """
        return await self._session_repository.list_page(
            user_id=user_id, since=since, after=after, now=self._clock.now(), limit=limit
        )

    async def clients_in(self, session_id: str) -> Sequence[Client]:
        """Return the clients that the user signed in to in a session."""
        return await self._session_repository.list_clients(session_id)

    async def end(self, session_id: str, *, is_full: bool, event: NewEvent) -> bool:
        """End a session; return False, and write no event, if it had already ended.

        `is_full` says that the caller is a full administrator, or the user.
        """
        return await self._session_repository.end(
            session_id, is_full=is_full, now=self._clock.now(), event=event
        )

    async def end_all(
        self,
        user_id: str,
        *,
        except_session_id: str | None = None,
        is_full: bool,
        event_of: Callable[[int], NewEvent],
    ) -> int:
        """Sign a user out everywhere and return how many sessions ended.

        Clients are notified even for sessions that already ended when the user's credentials
        changed. `except_session_id` is the ID of a session that continues. `is_full` says
        that the caller is a full administrator, or the user. `event_of` builds the event from the
        number.
        """
        return await self._session_repository.end_all(
            user_id,
            except_session_id=except_session_id,
            is_full=is_full,
            now=self._clock.now(),
            event_of=event_of,
        )


def acr_of(amr: Sequence[str]) -> str:
    """Return the `acr` of a sign-in with these authentication methods."""
    return ACR_MFA if MULTIPLE_FACTORS in amr else ACR_PASSWORD


def printable(text: str) -> str:
    """Return the part of a `User-Agent` that is stored."""
    return "".join(char for char in text if " " <= char <= "~")[:MAXIMUM_USER_AGENT]
