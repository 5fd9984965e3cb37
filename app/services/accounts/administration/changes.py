"""Several changes of a user at once, all or none."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.errors import StaleVersionError
from app.models.accounts.users import User
from app.repositories.accounts.user_changes import UserChangeRepository
from app.schemas.admin_scopes import AdminScope
from app.schemas.claims import StandardClaims
from app.services.accounts.administration.users import UserAdministration
from app.services.accounts.user_attributes import UserAttributeService
from app.services.accounts.users import UserService
from app.services.operations.authority import Authority


@dataclass(frozen=True, slots=True, kw_only=True)
class UserChange:
    """Changes of a user; `disabled` is None to leave the state as it is.

    `unset` are claims to remove, and `vouched_for` claims such as `email_verified`. An attribute
    whose value is None is removed.
    """

    claims: StandardClaims = field(default_factory=StandardClaims)
    unset: Collection[str] = ()
    vouched_for: Collection[str] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    disabled: bool | None = None

    @property
    def has_claims(self) -> bool:
        return bool(self.claims.stated_claims() or self.unset or self.vouched_for)


class UserChanges:
    def __init__(
        self,
        *,
        user_change_repository: UserChangeRepository,
        users: UserService,
        administration: UserAdministration,
        user_attributes: UserAttributeService,
    ) -> None:
        self._user_change_repository = user_change_repository
        self._users = users
        self._administration = administration
        self._user_attributes = user_attributes

    async def make(
        self, user_id: str, change: UserChange, *, version: str, authority: Authority
    ) -> None:
        """Make all changes, or none.

        Raise `StaleVersionError` if the user has another version by now.
        """
        authority.require(AdminScope.USERS_WRITE)

        async def work() -> None:
            user = await self._users.get_by_id(user_id)
            if version_of(user, await self._user_attributes.of(user_id)) != version:
                raise StaleVersionError
            if change.has_claims:
                await self._administration.set_claims(
                    user_id,
                    change.claims,
                    unset=change.unset,
                    vouched_for=change.vouched_for,
                    since=user,
                    authority=authority,
                )
            if change.attributes:
                await self._user_attributes.set(user_id, change.attributes, authority=authority)
            if change.disabled not in (None, user.is_disabled):
                await self._administration.set_disabled(
                    user_id, disabled=bool(change.disabled), authority=authority
                )

        await self._user_change_repository.together(work)


def version_of(user: User, attributes: Mapping[str, Any]) -> str:
    """Return a version of what can be changed of a user: a digest, since users have no number."""
    state = [user.user_id, user.username, user.claims, str(user.disabled_at), dict(attributes)]
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()[:32]
