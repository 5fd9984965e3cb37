"""Comparison of files with what exists."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from app.errors import ConflictError, InvalidInputError
from app.services.operations.authority import Authority
from app.services.operations.desired_state.changes import (
    OWNER,
    SECRET,
    Change,
    MemberChange,
    Plan,
    member_changes,
)
from app.services.operations.desired_state.documents import Document, Entry, read_documents
from app.services.operations.desired_state.kinds.base import AnyKind, AnyStored
from app.services.operations.desired_state.problems import InvalidFilesError, Problem
from app.services.operations.desired_state.secrets import Secrets

NEW_SECRET = "a new value"
Existing = Mapping[str, Mapping[str, AnyStored]]
"""Objects by section and key."""


class Planner:
    def __init__(self, kinds: Sequence[AnyKind], secrets: Secrets) -> None:
        self._kinds = kinds
        self._secrets = secrets

    async def plan(
        self, paths: Sequence[Path], *, takes_over: bool, prunes: bool, authority: Authority
    ) -> Plan:
        """Return the changes that make everything as the files state it.

        Raise `InvalidFilesError` for files that cannot be applied, and `ConflictError` for changes
        of objects of another owner, unless the files take them over.
        """
        documents = read_documents(paths, self._kinds)
        existing = {
            kind.section: {each.key: each for each in await kind.stored()} for kind in self._kinds
        }
        entries = [entry for document in documents for entry in document.entries]
        changes: list[Change] = []
        foreign: list[tuple[Entry, str]] = []
        problems: list[Problem] = []
        for entry in entries:
            before = existing[entry.kind.section].get(entry.kind.key_of(entry.state))
            try:
                change = self._change_of(entry, before, takes_over=takes_over)
                if change is not None:
                    prepared = await entry.kind.check(change.step(authority))
                    changes.append(replace(change, prepared=prepared))
                elif before is not None and before.owner != entry.owner:
                    foreign.append((entry, before.owner))
            except InvalidInputError as error:
                problems.append(entry.problem_of(error))
        if problems:
            raise InvalidFilesError(problems)
        if not takes_over:
            _require_own(changes)
        if prunes:
            changes += self._deletions(documents, existing)
        order = {kind.section: number for number, kind in enumerate(self._kinds)}
        return Plan(sorted(changes, key=lambda each: order[each.kind.section]), foreign)

    def _change_of(
        self, entry: Entry, before: AnyStored | None, *, takes_over: bool
    ) -> Change | None:
        kind = entry.kind
        stored = before.members if before is not None else {}
        members = list(
            member_changes(stored, kind.members_of(entry.state), remaining=kind.remaining)
        )
        secret = self._new_secret(entry, before)
        if secret is not None:
            members.append(MemberChange(SECRET, None, NEW_SECRET))
        if before is None:
            return Change(kind, "create", kind.name_of(entry.state), members, entry, secret=secret)
        if before.owner != entry.owner and (members or takes_over):
            members.append(MemberChange(OWNER, before.owner, entry.owner))
        if not members:
            return None
        return Change(kind, "change", before.name, members, entry, before, secret)

    def _new_secret(self, entry: Entry, before: AnyStored | None) -> str | None:
        """Return the secret to store, or None if the stored one remains.

        Raise `InvalidInputError` if a new object refers to a secret that does not exist.
        """
        reference = entry.kind.secret_of(entry.state)
        if reference is None:
            return None
        secret = self._secrets.find(reference, directory=entry.directory)
        has_secret = before is not None and entry.kind.has_secret(before.row)
        if secret is None and not has_secret:
            raise InvalidInputError(f"set {reference}.", field=SECRET)
        if secret is None or (
            before is not None and has_secret and entry.kind.is_secret_of(before.row, secret)
        ):
            return None
        return secret

    def _deletions(self, documents: Sequence[Document], existing: Existing) -> Sequence[Change]:
        owners = {document.owner for document in documents}
        stated = {
            (entry.kind.section, entry.kind.key_of(entry.state))
            for document in documents
            for entry in document.entries
        }
        return [
            Change(kind, "delete", each.name, (), before=each)
            for kind in self._kinds
            for key, each in existing[kind.section].items()
            if each.owner in owners and (kind.section, key) not in stated
        ]


def _require_own(changes: Sequence[Change]) -> None:
    lines = [
        f"{change.entry.place}: {change.title} belongs to"
        f" {change.before.owner}. Use --take-over to make it {change.entry.owner}'s."
        for change in changes
        if change.entry is not None
        and change.before is not None
        and change.before.owner != change.entry.owner
    ]
    if lines:
        raise ConflictError("\n".join(lines))
