"""Trusted browsers, in which a user has chosen not to be asked for a second factor for a while.

A browser holds one secret per user, the newest first. It allows a sign-in by the password alone,
which never counts as one with several factors.
"""

from collections.abc import Sequence
from datetime import timedelta

from app.clock import Clock
from app.models.accounts.users import User
from app.repositories.factors.trusted_browsers import TrustedBrowserRepository
from app.security.tokens import TokenKind, digest_of, new_token
from app.services.accounts.events import AccountEvent
from app.services.accounts.sessions import printable
from app.services.operations.audit import AuditLog

MAXIMUM_USERS = 5


class TrustedBrowsers:
    """Trusted browsers of users. `lasts` is for how long; zero disables the feature."""

    def __init__(
        self,
        *,
        trusted_browser_repository: TrustedBrowserRepository,
        audit: AuditLog,
        clock: Clock,
        lasts: timedelta,
    ) -> None:
        self._trusted_browser_repository = trusted_browser_repository
        self._audit = audit
        self._clock = clock
        self.lasts = lasts

    async def knows(self, user: User, secrets: Sequence[str]) -> bool:
        """Return whether a browser with these secrets is trusted by this user."""
        return await self.find(user, secrets) is not None

    async def find(self, user: User | None, secrets: Sequence[str]) -> str | None:
        """Return the name of the browser with these secrets if this user trusts it, or None.

        It takes as long if there is no such user.
        """
        digests = [digest_of(secret) for secret in _ours(secrets)] if self.lasts else []
        owners = await self._owners(digests)
        user_id = user.user_id if user is not None else None
        return next((digest.hex() for digest, owner in owners.items() if owner == user_id), None)

    async def remember(
        self, user: User, secrets: Sequence[str], *, user_agent: str
    ) -> Sequence[str]:
        """Trust a browser for a user.

        Return the secrets that the browser should hold from now on.
        """
        now, secret = self._clock.now(), new_token(TokenKind.REMEMBERED_BROWSER)
        held = {digest_of(known_secret): known_secret for known_secret in _ours(secrets)}
        owners = await self._owners(list(held))
        await self._trusted_browser_repository.add(
            digest_of(secret),
            user,
            replaces=list(held),
            user_agent=printable(user_agent),
            now=now,
            expires_at=now + self.lasts,
            event=self._audit.event(AccountEvent.BROWSER_TRUSTED, user_id=user.user_id),
        )
        others = [
            held[digest] for digest in held if owners.get(digest, user.user_id) != user.user_id
        ]
        return [secret, *others][:MAXIMUM_USERS]

    async def count(self, user: User) -> int:
        return await self._trusted_browser_repository.count(user.user_id, now=self._clock.now())

    async def forget_all(self, user: User) -> None:
        event = self._audit.event(AccountEvent.TRUSTED_BROWSERS_REMOVED, user_id=user.user_id)
        await self._trusted_browser_repository.forget_all(user.user_id, event=event)

    async def _owners(self, digests: Sequence[bytes]) -> dict[bytes, str]:
        return (
            await self._trusted_browser_repository.owners(digests, now=self._clock.now())
            if digests
            else {}
        )


def _ours(secrets: Sequence[str]) -> list[str]:
    valid = [secret for secret in secrets if TokenKind.REMEMBERED_BROWSER.matches(secret)]
    return valid[:MAXIMUM_USERS]
