"""What administrators do to accounts of users."""

from collections.abc import Collection

from app.schemas.admin_scopes import AdminScope
from app.schemas.users import UserCreate
from app.services.accounts.events import AccountEvent
from app.services.accounts.sessions import SessionService
from app.services.accounts.users import NewUser, UserService
from app.services.operations.audit import AuditLog
from app.services.operations.authority import Authority


class UserAdministration:
    def __init__(self, *, users: UserService, sessions: SessionService, audit: AuditLog) -> None:
        self._users = users
        self._sessions = sessions
        self._audit = audit

    async def create(
        self, body: UserCreate, *, vouched_for: Collection[str] = (), authority: Authority
    ) -> NewUser:
        """Store a user with an unconfirmed TOTP secret; raise the errors of `UserService.create`.

        `vouched_for` are claims that the administrator has verified, such as `email_verified`.
        """
        authority.require(AdminScope.USERS_WRITE)
        return await self._users.create(body, vouched_for=vouched_for)

    async def sign_out(self, user_id: str, *, authority: Authority) -> int:
        """End all sessions of a user with their tokens, and return how many ended.

        Offline access and tokens of grants without a session remain.
        """
        authority.require(AdminScope.SESSIONS_WRITE)
        return await self._sessions.end_all(
            user_id,
            event_of=lambda count: self._audit.event(
                AccountEvent.SESSIONS_ENDED, user_id=user_id, count=count
            ),
        )
