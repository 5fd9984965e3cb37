"""Everything that an administrator sees of a user."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.clock import Clock
from app.models.accounts.groups import Group, Membership
from app.models.accounts.roles import Role
from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.models.clients.consents import Consent
from app.models.factors.passkeys import Passkey
from app.models.federation.identity_providers import LinkedIdentity
from app.repositories.accounts.accounts import AccountRepository
from app.repositories.accounts.user_details import UserDetailsRepository, UserFigures
from app.security.passwords import has_password
from app.services.accounts.account_locks import AccountLocks
from app.services.accounts.groups import GroupService
from app.services.accounts.role_grants import RoleGrantService
from app.services.accounts.sessions import SessionService
from app.services.accounts.user_attributes import UserAttributeService
from app.services.accounts.users import UserService
from app.services.clients.consents import ConsentService


@dataclass(frozen=True, slots=True, kw_only=True)
class UserDetails:
    """A user with what belongs to them. `roles` are those granted to the user, not by a group."""

    user: User
    figures: UserFigures
    groups: Sequence[tuple[Group, Membership]]
    roles: Sequence[Role]
    attributes: Mapping[str, Any]
    passkeys: Sequence[Passkey]
    identities: Sequence[LinkedIdentity]
    sessions: Sequence[Session]
    consents: Sequence[Consent]
    locked_until: datetime | None

    @property
    def has_password(self) -> bool:
        return has_password(self.user.password_hash)


class UserDetailsService:
    def __init__(
        self,
        *,
        users: UserService,
        user_details_repository: UserDetailsRepository,
        account_repository: AccountRepository,
        groups: GroupService,
        role_grants: RoleGrantService,
        user_attributes: UserAttributeService,
        sessions: SessionService,
        consents: ConsentService,
        account_locks: AccountLocks,
        clock: Clock,
    ) -> None:
        self._users = users
        self._user_details_repository = user_details_repository
        self._account_repository = account_repository
        self._groups = groups
        self._role_grants = role_grants
        self._user_attributes = user_attributes
        self._sessions = sessions
        self._consents = consents
        self._account_locks = account_locks
        self._clock = clock

    async def read(self, user_id: str) -> UserDetails:
        """Return a user with what belongs to them; raise `NotFoundError` if there is none.

        The number of statements does not depend on how much that is.
        """
        user = await self._users.get_by_id(user_id)
        return UserDetails(
            user=user,
            figures=await self._user_details_repository.read(user_id, now=self._clock.now()),
            groups=await self._groups.groups_of(user_id),
            roles=await self._role_grants.roles_of_user(user_id),
            attributes=await self._user_attributes.of(user_id),
            passkeys=await self._account_repository.list_passkeys(user_id),
            identities=await self._account_repository.list_identities(user_id),
            sessions=await self._sessions.list_of(user_id),
            consents=await self._consents.list_of(user),
            locked_until=await self._account_locks.locked_until(user),
        )
