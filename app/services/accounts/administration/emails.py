"""Email addresses of users, as administrators verify them."""

import json

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError
from app.models.accounts.users import User
from app.repositories.accounts.users import UserRepository
from app.schemas.admin_scopes import AdminScope
from app.services.accounts.email_verification import EmailVerification
from app.services.accounts.events import AccountEvent
from app.services.accounts.notices import language_of
from app.services.accounts.users import UserService
from app.services.operations.audit import AuditLog
from app.services.operations.authority import Authority

WRITE = AdminScope.USERS_WRITE


class EmailAdministration:
    """Addresses. Those of an administrator need a full administrator."""

    def __init__(
        self,
        *,
        users: UserService,
        user_repository: UserRepository,
        email_verification: EmailVerification,
        audit: AuditLog,
        clock: Clock,
    ) -> None:
        self._users = users
        self._user_repository = user_repository
        self._email_verification = email_verification
        self._audit = audit
        self._clock = clock

    async def mark_verified(self, user_id: str, *, authority: Authority) -> User:
        """Mark the email address of a user as verified, because the administrator knows it is."""
        authority.require(WRITE)
        user = await self._unverified(user_id)
        claims = {**user.claim_values, "email_verified": True}
        event = self._audit.event(
            AccountEvent.EMAIL_VERIFIED,
            user_id=user_id,
            before={"email_verified": False},
            after={"email_verified": True},
        )
        if not await self._user_repository.replace_claims(
            user,
            json.dumps(claims),
            is_full=authority.is_full,
            now=self._clock.now(),
            event=authority.preparing(event),
        ):
            raise ConflictError(Detail.CLAIMS_CHANGED)
        return await self._users.get_by_id(user_id)

    async def send_verification(self, user_id: str, *, authority: Authority) -> str:
        """Send the link that verifies the email address of a user, and return the address."""
        authority.require(WRITE)
        user = await self._unverified(user_id)
        address = user.standard_claims.email or ""
        await self._email_verification.store_link(
            user, address, language=language_of(user), is_full=authority.is_full
        )
        return address

    async def _unverified(self, user_id: str) -> User:
        """Return a user whose address is not verified; raise `ConflictError` for any other."""
        user = await self._users.get_by_id(user_id)
        if user.standard_claims.email is None:
            raise ConflictError(Detail.EMAIL_MISSING)
        if user.standard_claims.verified_email is not None:
            raise ConflictError(Detail.EMAIL_ALREADY_VERIFIED)
        return user
