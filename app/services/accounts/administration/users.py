"""Accounts as administrators manage them: creation, claims, state, sessions and deletion."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from app.clock import Clock
from app.details import Detail
from app.errors import ConflictError, NotFoundError
from app.models.accounts.users import User
from app.repositories.accounts.users import UserRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.claims import VERIFIED, StandardClaims
from app.schemas.users import UserCreate
from app.services.accounts.account_data import AccountData
from app.services.accounts.events import AccountEvent
from app.services.accounts.notices import Notices
from app.services.accounts.sessions import SessionService
from app.services.accounts.stated_claims import changed_claims
from app.services.accounts.users import NewUser, UserService
from app.services.operations.audit import AuditLog
from app.services.operations.authority import Authority

WRITE = AdminScope.USERS_WRITE


class UserAdministration:
    """Accounts. One that carries an administrative role needs a full administrator."""

    def __init__(
        self,
        *,
        users: UserService,
        user_repository: UserRepository,
        sessions: SessionService,
        account_data: AccountData,
        audit: AuditLog,
        notices: Notices,
        clock: Clock,
    ) -> None:
        self._users = users
        self._user_repository = user_repository
        self._sessions = sessions
        self._account_data = account_data
        self._audit = audit
        self._notices = notices
        self._clock = clock

    async def create(
        self, body: UserCreate, *, vouched_for: Collection[str] = (), authority: Authority
    ) -> NewUser:
        """Store a user with an unconfirmed TOTP secret; raise the errors of `UserService.create`.

        `vouched_for` are claims that the administrator has verified, such as `email_verified`.
        """
        authority.require(WRITE)
        return await self._users.create(body, vouched_for=vouched_for, is_full=authority.is_full)

    async def set_claims(
        self,
        user_id: str,
        changes: StandardClaims,
        *,
        unset: Collection[str] = (),
        vouched_for: Collection[str] = (),
        since: User | None = None,
        authority: Authority,
    ) -> User:
        """Change the claims of a user; an address that is set is unverified, unless vouched for.

        Raise `ConflictError` if another request changed the claims at the same time, or since
        `since` was read.
        """
        authority.require(WRITE)
        user = since or await self._users.get_by_id(user_id)
        claims = changed_claims(user, changes, unset=unset, vouched_for=vouched_for)
        names = {*changes.stated_claims(), *unset, *vouched_for}
        names |= {VERIFIED[name] for name in names if name in VERIFIED}
        event = self._audit.event(
            AccountEvent.CLAIMS_CHANGED,
            user_id=user.user_id,
            before=_named(user.claim_values, names),
            after=_named(claims, names),
        )
        if not names.isdisjoint(("email", "email_verified")):
            event = authority.preparing(event)
        if not await self._user_repository.replace_claims(
            user, json.dumps(claims), is_full=authority.is_full, now=self._clock.now(), event=event
        ):
            raise ConflictError(Detail.CLAIMS_CHANGED)
        return await self._users.get_by_id(user.user_id)

    async def set_disabled(self, user_id: str, *, disabled: bool, authority: Authority) -> User:
        """Disable or enable a user.

        A disabled user is signed out, cannot sign in, and has no valid tokens until enabled again.
        Raise `LastAdministratorError` for the last administrator.
        """
        authority.require(WRITE)
        user = await self._users.get_by_id(user_id)
        event = self._audit.event(
            AccountEvent.USER_DISABLED if disabled else AccountEvent.USER_ENABLED,
            user_id=user_id,
            before={"disabled": user.is_disabled},
            after={"disabled": disabled},
        )
        now = self._clock.now()
        await self._user_repository.credentials.set_disabled(
            user_id, now if disabled else None, is_full=authority.is_full, now=now, event=event
        )
        if disabled and not user.is_disabled:
            await self._notices.send(user, AccountEvent.USER_DISABLED)
        return await self._users.get_by_id(user_id)

    async def delete(self, user_id: str, *, authority: Authority) -> None:
        """Delete an account permanently, with all of its data.

        Raise `LastAdministratorError` for the last administrator.
        """
        authority.require(WRITE)
        user = await self._users.get_by_id(user_id)
        if not await self._account_data.delete(user, is_full=authority.is_full):
            raise NotFoundError(Detail.USER_UNKNOWN)

    async def sign_out(self, user_id: str, *, authority: Authority) -> int:
        """End all sessions of a user with their tokens, and return how many ended.

        Offline access and tokens of grants without a session remain.
        """
        authority.require(AdminScope.SESSIONS_WRITE)
        return await self._sessions.end_all(
            user_id,
            is_full=authority.is_full,
            event_of=lambda count: self._audit.event(
                AccountEvent.SESSIONS_ENDED, user_id=user_id, count=count
            ),
        )

    async def end_session(self, session_id: str, *, authority: Authority) -> bool:
        """End a session with its tokens; return False if it is unknown or has ended."""
        authority.require(AdminScope.SESSIONS_WRITE)
        signed_in = await self._sessions.find_by_id(session_id)
        if signed_in is None:
            return False
        event = self._audit.event(
            AccountEvent.SESSION_ENDED, user_id=signed_in.user.user_id, session_id=session_id
        )
        return await self._sessions.end(session_id, is_full=authority.is_full, event=event)


def _named(claims: Mapping[str, Any], names: Collection[str]) -> Mapping[str, Any]:
    """Return the claims that a change is about, for the audit log."""
    return {name: claims.get(name) for name in sorted(names)}
