"""Recovery codes for users who lost their second factor: ten at a time, each valid once."""

from app.clock import Clock
from app.models.accounts.users import User
from app.models.operations.audit_outbox import NewEvent
from app.repositories.factors.recovery_codes import RecoveryCodeRepository
from app.security import recovery_codes
from app.services.accounts.events import AccountEvent
from app.services.accounts.notices import Notices
from app.services.factors.otp import OtpService
from app.services.operations.audit import AuditLog

COUNT = 10
FEW = 2
"""With this many codes left, or fewer, the user is warned that few are left."""


class RecoveryCodes:
    def __init__(
        self,
        *,
        recovery_code_repository: RecoveryCodeRepository,
        otp: OtpService,
        audit: AuditLog,
        notices: Notices,
        clock: Clock,
    ) -> None:
        self._recovery_code_repository = recovery_code_repository
        self._otp = otp
        self._audit = audit
        self._notices = notices
        self._clock = clock

    async def make(self, user: User) -> list[str] | None:
        """Create new codes and return them as shown to the user, this once; revoke the old ones.

        Return None if the user's credentials have changed since `user` was read.
        """
        codes = [recovery_codes.new_code() for _ in range(COUNT)]
        digests = [recovery_codes.digest_of(user.user_id, code) for code in codes]
        event = self._audit.event(
            AccountEvent.RECOVERY_CODES_CREATED, user_id=user.user_id, count=COUNT
        )
        if not await self._recovery_code_repository.replace(
            user, digests, now=self._clock.now(), event=event
        ):
            return None
        await self._notices.send(user, AccountEvent.RECOVERY_CODES_CREATED)
        return [recovery_codes.shown(code) for code in codes]

    async def use(self, user: User, code: str) -> bool:
        """Consume a correct code; return False for a wrong or used one.

        It counts as an attempt at the second factor. Raise `TooManyRequestsError`.
        """
        typed = recovery_codes.normalize(code)
        digest = recovery_codes.digest_of(user.user_id, typed or "")
        is_right = typed is not None and await self._recovery_code_repository.is_unused(
            user.user_id, digest
        )
        await self._otp.settle_code(user, is_right=is_right)
        left = await self._spend(user, digest) if is_right else None
        if left is None:
            await self._audit.record(
                AccountEvent.RECOVERY_CODE_REFUSED, user_id=user.user_id, succeeded=False
            )
            return False
        await self._notices.send(user, AccountEvent.RECOVERY_CODE_USED, left=str(left))
        return True

    async def _spend(self, user: User, digest: bytes) -> int | None:
        """Consume a code and return how many are left.

        Return None if the code was used at the same time.
        """

        def event_of(left: int) -> NewEvent:
            return self._audit.event(
                AccountEvent.RECOVERY_CODE_USED, user_id=user.user_id, left=left
            )

        now = self._clock.now()
        return await self._recovery_code_repository.use(
            user.user_id, digest, now=now, event_of=event_of
        )

    async def count_left(self, user: User) -> int:
        return await self._recovery_code_repository.count_unused(user.user_id)
