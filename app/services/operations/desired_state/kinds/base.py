"""What a file of desired state needs to know about a kind of object."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel

from app.repositories.operations.desired_state import VersionedTable
from app.schemas.desired_state.references import SecretReference
from app.services.operations.authority import Authority

State = TypeVar("State", bound=BaseModel)
Row = TypeVar("Row")
Members = Mapping[str, Any]
"""Members of an object as JSON, without those that have their default value."""
ObjectKey = tuple[str, str]
"""The section and the key of an object."""


@dataclass(frozen=True, slots=True)
class Stored(Generic[Row]):
    """An object that exists. `row_id` is its id in the database, `exported` its members in a
    file."""

    key: str
    name: str
    row_id: str
    owner: str
    version: int
    members: Members
    exported: Members
    row: Row


@dataclass(frozen=True, slots=True)
class Step(Generic[State, Row]):
    """What to store of one object. `secret` is a new one; `changed` are the names of members that
    differ from what is stored, and `prepared` is the result of `Kind.check`."""

    state: State
    owner: str
    before: Stored[Row] | None
    secret: str | None
    changed: frozenset[str]
    prepared: Any
    authority: Authority


class Kind(ABC, Generic[State, Row]):
    """A kind of object: how it is stated, read, compared and changed.

    `create`, `change`, `link` and `delete` are part of one transaction: they neither use the
    network nor hash passwords. References to other objects are stored by `link`, when all objects
    exist. `remaining` names the members that stay as they are if a file does not state them.
    """

    section: ClassVar[str]
    noun: ClassVar[str]
    table: ClassVar[VersionedTable]
    remaining: ClassVar[frozenset[str]] = frozenset()
    shorthands: ClassVar[Sequence[str]] = ()
    """Members that `completed` replaces by others."""
    model: type[State]

    @abstractmethod
    async def stored(self) -> Sequence[Stored[Row]]:
        """Return every object of this kind that a file can state."""

    @abstractmethod
    def key_of(self, state: State) -> str:
        """Return what identifies an object among those of its kind."""

    @abstractmethod
    def name_of(self, state: State) -> str: ...

    @abstractmethod
    def members_of(self, state: State) -> Members:
        """Return the members as `Stored.members` has them."""

    def accepts(self, name: str) -> bool:
        """Return whether a file can state a member."""
        return name in self.model.model_fields

    def completed(self, members: dict[str, Any]) -> dict[str, Any]:
        """Return the members of a file without shorthands."""
        return members

    def secret_of(self, state: State) -> SecretReference | None:
        """Return the reference to the secret of the object, if it states one."""
        return None

    def has_secret(self, row: Row) -> bool:
        return False

    def is_secret_of(self, row: Row, secret: str) -> bool:
        """Return whether a secret is the stored one."""
        return False

    def variable_of(self, stored: Stored[Row]) -> str:
        """Return the name of an environment variable for the secret of an object."""
        raise NotImplementedError

    async def check(self, step: Step[State, Row]) -> Any:
        """Raise `InvalidInputError` for what cannot be stored; this may use the network.

        Return what the steps need to know, as `Step.prepared`.
        """
        return None

    @abstractmethod
    async def create(self, step: Step[State, Row]) -> None: ...

    @abstractmethod
    async def change(self, step: Step[State, Row], before: Stored[Row]) -> None: ...

    async def link(self, step: Step[State, Row]) -> None:
        """Store the references to other objects."""
        return

    async def unlink(
        self,
        before: Stored[Row],
        *,
        changed: frozenset[str] | None,
        deleted: Set[ObjectKey],
        authority: Authority,
    ) -> None:
        """Remove references to objects that are about to be deleted, and that would keep them.

        `changed` are the members of the object that change, or None if it is deleted, too.
        """
        return

    @abstractmethod
    async def delete(self, before: Stored[Row], authority: Authority) -> None: ...


AnyKind = Kind[Any, Any]
AnyStored = Stored[Any]
AnyStep = Step[Any, Any]


def stated(members: Members) -> dict[str, Any]:
    """Return the members without those that are absent or empty."""
    return {name: value for name, value in members.items() if value not in (None, "", [], {})}
