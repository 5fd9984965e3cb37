"""What the caller of an administrative method holds. Nobody gives more than they hold.

Every administrative method takes an `Authority`. An object that carries an administrative role or
scope can only be changed by a full administrator. For users, groups and roles the repositories
check that in the transaction of the change; a client is replaced as a whole, as it was checked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from app.errors import FullAdministratorRequiredError, InsufficientScopeError
from app.schemas.admin_scopes import AdminScope

if TYPE_CHECKING:  # so that commands import it cheaply
    from app.models.clients.clients import Client
    from app.models.operations.audit_outbox import NewEvent


@dataclass(frozen=True, slots=True)
class Authority:
    """The scopes of the admin API that a caller holds."""

    scopes: frozenset[AdminScope]

    @property
    def is_full(self) -> bool:
        """Whether this is the authority of a full administrator."""
        return AdminScope.ADMIN in self.scopes

    def has(self, scope: AdminScope) -> bool:
        return self.is_full or scope in self.scopes

    def require(self, scope: AdminScope) -> None:
        """Raise `InsufficientScopeError` if the caller does not hold a scope."""
        if not self.has(scope):
            raise InsufficientScopeError(scope.value)

    def require_full(self) -> None:
        if not self.is_full:
            raise FullAdministratorRequiredError

    def preparing(self, event: "NewEvent") -> "NewEvent":
        """Return the event of an act after which the caller may hold a credential of the user.

        Unless the caller is a full administrator, the account is noted as prepared by others.
        """
        return replace(event, is_preparation=not self.is_full)

    def require_may_change(self, client: "Client") -> None:
        """Require a full administrator for a client that has admin scopes."""
        if client.admin_scopes and not self.is_full:
            raise FullAdministratorRequiredError


def authority_of(scopes: Iterable[AdminScope]) -> Authority:
    return Authority(frozenset(scopes))


FULL = authority_of([AdminScope.ADMIN])
"""The authority of the command line and of `ADMIN_TOKEN`."""
OF_AUDITOR = authority_of(scope for scope in AdminScope if not scope.changes)
"""Everything that only reads."""
