"""Changes that make what exists as files state it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from app.services.operations.authority import Authority
from app.services.operations.desired_state.documents import Entry
from app.services.operations.desired_state.kinds.base import (
    AnyKind,
    AnyStep,
    AnyStored,
    Members,
    Step,
)

Action = Literal["create", "change", "delete"]
OWNER = "owner"
SECRET = "client_secret"
ADMIN_SCOPES = "admin_scopes"


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A member of an object with its values before and after; None for an absent one."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one object. `prepared` is what its kind has checked for it."""

    kind: AnyKind
    action: Action
    name: str
    members: Sequence[MemberChange]
    entry: Entry | None = None
    before: AnyStored | None = None
    secret: str | None = field(default=None, repr=False)
    prepared: Any = None

    @property
    def title(self) -> str:
        return f"{self.kind.noun} {self.name}"

    def step(self, authority: Authority) -> AnyStep:
        """Return what to store of an object that a file states."""
        assert self.entry is not None  # noqa: S101 - a deletion has no steps
        return Step(
            state=self.entry.state,
            owner=self.entry.owner,
            before=self.before,
            secret=self.secret,
            changed=frozenset(member.name for member in self.members),
            prepared=self.prepared,
            authority=authority,
        )

    @property
    def new_admin_scopes(self) -> Sequence[str]:
        """The scopes of the admin API that a client gets by this change."""
        return [
            scope
            for member in self.members
            if member.name == ADMIN_SCOPES
            for scope in member.after or ()
            if scope not in (member.before or ())
        ]


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order of `KINDS`. `foreign` are objects of other owners that are as a file
    states them already."""

    changes: Sequence[Change]
    foreign: Sequence[tuple[Entry, str]] = ()

    def of(self, *actions: Action) -> Sequence[Change]:
        return [change for change in self.changes if change.action in actions]


def member_changes(
    before: Members, after: Members, *, remaining: frozenset[str]
) -> Iterator[MemberChange]:
    """Yield the members that differ; those in `remaining` only if they are stated."""
    for name in [*after, *(name for name in before if name not in after)]:
        if name in remaining and name not in after:
            continue
        if before.get(name) != after.get(name):
            yield MemberChange(name, before.get(name), after.get(name))
