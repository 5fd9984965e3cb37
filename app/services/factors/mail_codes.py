"""Codes by email: how a user without any other proof confirms a change of the account.

Such a user signs in by an identity provider alone. The code is not stored: it is sealed for one
browser, one session and one version of the credentials, and is valid once and for ten minutes. It
is neither a factor nor a sign-in; the session does not change.
"""

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from app.clock import Clock
from app.errors import TooManyRequestsError
from app.models.accounts.users import User
from app.repositories.operations.replay_cache import ReplayCacheRepository
from app.security import totp
from app.security.encryption import SealError, SecretBox
from app.security.passwords import has_password
from app.services.accounts.events import AccountEvent
from app.services.accounts.notices import Notices
from app.services.accounts.sessions import SignedIn
from app.services.factors.passkeys import PasskeyService
from app.services.factors.recovery_codes import RecoveryCodes
from app.services.operations.audit import AuditLog
from app.services.operations.limits import Limits
from app.services.operations.mail import Outbox

LASTS = timedelta(minutes=10)
SENT, CONFIRMED = "sent", "confirmed"


class MailCodes:
    """Confirmation codes by email. They are not offered without an outbox."""

    def __init__(
        self,
        *,
        passkeys: PasskeyService,
        recovery_codes: RecoveryCodes,
        replay_cache_repository: ReplayCacheRepository,
        box: SecretBox,
        outbox: Outbox | None,
        limits: Limits,
        audit: AuditLog,
        notices: Notices,
        clock: Clock,
    ) -> None:
        self._passkeys = passkeys
        self._recovery_codes = recovery_codes
        self._replay_cache_repository = replay_cache_repository
        self._box = box
        self._outbox = outbox
        self._limits = limits
        self._audit = audit
        self._notices = notices
        self._clock = clock

    async def is_offered_to(self, user: User) -> bool:
        """Return whether the user can confirm changes only by a code.

        That is a user with a verified address, but no password, passkey, authenticator app or
        recovery code.
        """
        return (
            self._outbox is not None
            and user.standard_claims.verified_email is not None
            and not has_password(user.password_hash)
            and not user.has_confirmed_otp
            and not await self._passkeys.count_of(user)
            and not await self._recovery_codes.count_left(user)
        )

    async def send(self, signed_in: SignedIn, *, browser: str, language: str) -> str:
        """Email a code and return it sealed for this browser; raise `TooManyRequestsError`."""
        user = signed_in.user
        address = user.standard_claims.verified_email
        code = f"{secrets.randbelow(10**totp.DIGITS):0{totp.DIGITS}d}"
        if self._outbox is not None and address is not None:
            await self._limits.count_mail(f"confirmation of {user.user_id}")
            values = {"username": user.username, "code": code}
            event = self._audit.event(AccountEvent.MAIL_CODE_SENT, user_id=user.user_id)
            mail = self._outbox.mail(
                address, AccountEvent.MAIL_CODE_SENT.mail, values, language=language, lasts=LASTS
            )
            await self._outbox.put(mail, event=event)
        return self._sealed(SENT, signed_in, browser, code=code)

    def is_sent(self, signed_in: SignedIn, sealed: str, *, browser: str) -> bool:
        """Return whether a code can be entered now."""
        return self._opened(SENT, signed_in, sealed, browser) is not None

    async def use(self, signed_in: SignedIn, sealed: str, code: str, *, browser: str) -> str | None:
        """Consume a code and return the sealed confirmation; None for a wrong or used code.

        A wrong code counts like one of an authenticator app. Raise `TooManyRequestsError`.
        """
        user, content = signed_in.user, self._opened(SENT, signed_in, sealed, browser)
        typed = totp.normalize(code)
        is_right = (
            content is not None
            and typed is not None
            and hmac.compare_digest(typed, str(content["code"]))
        )
        try:
            attempt = await self._limits.code_attempt(user)
            await self._limits.settle(attempt.attempts, is_right=is_right)
        except TooManyRequestsError:
            if await self._limits.once_a_day(f"mail codes guessed {user.user_id}"):
                await self._notices.send(user, AccountEvent.MAIL_CODE_REFUSED)
            raise
        if not is_right or not await self._spend(user, sealed):
            await self._audit.record(
                AccountEvent.MAIL_CODE_REFUSED, user_id=user.user_id, succeeded=False
            )
            return None
        await self._notices.send(user, AccountEvent.MAIL_CODE_USED)
        return self._sealed(CONFIRMED, signed_in, browser)

    def is_confirmed(self, signed_in: SignedIn, sealed: str, *, browser: str) -> bool:
        return self._opened(CONFIRMED, signed_in, sealed, browser) is not None

    async def _spend(self, user: User, sealed: str) -> bool:
        event = self._audit.event(AccountEvent.MAIL_CODE_USED, user_id=user.user_id)
        name = f"mail code {hashlib.sha256(sealed.encode()).hexdigest()}"
        expires_at = self._clock.now() + LASTS
        return await self._replay_cache_repository.spend_with_event(
            name, expires_at=expires_at, event=event
        )

    def _sealed(self, kind: str, signed_in: SignedIn, browser: str, **values: str) -> str:
        content = {"at": self._clock.now().timestamp(), **values}
        context = _context(kind, signed_in, browser)
        return self._box.seal(json.dumps(content).encode(), context=context).hex()

    def _opened(
        self, kind: str, signed_in: SignedIn, sealed: str, browser: str
    ) -> dict[str, Any] | None:
        try:
            context = _context(kind, signed_in, browser)
            content: dict[str, Any] = json.loads(
                self._box.open(bytes.fromhex(sealed), context=context)
            )
        except (SealError, ValueError):
            return None
        sealed_at = datetime.fromtimestamp(content["at"], UTC)
        return content if self._clock.now() - sealed_at <= LASTS else None


def _context(kind: str, signed_in: SignedIn, browser: str) -> str:
    user, session = signed_in.user, signed_in.session
    return f"{kind} {browser} {session.session_id} {user.user_id} {user.credentials_version}"
