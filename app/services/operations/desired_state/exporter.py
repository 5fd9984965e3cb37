"""A file of desired state that states what exists."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import yaml

from app.services.operations.desired_state.kinds.base import AnyKind, AnyStored
from app.services.operations.desired_state.yaml_files import Dumper


class Export(NamedTuple):
    """The text of a file, and the environment variables that it needs on an empty server."""

    text: str
    variables: Sequence[str]


class Exporter:
    def __init__(self, kinds: Sequence[AnyKind]) -> None:
        self._kinds = kinds

    async def export(self, owner: str) -> Export:
        """Write a file that states everything that exists, of all owners, for one owner."""
        content: dict[str, Any] = {"owner": owner}
        variables: list[str] = []
        for kind in self._kinds:
            objects = [self._exported(kind, each, variables) for each in await kind.stored()]
            if objects:
                content[kind.section] = objects
        text: str = yaml.dump(
            content, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100
        )
        return Export(text, variables)

    def _exported(self, kind: AnyKind, stored: AnyStored, variables: list[str]) -> dict[str, Any]:
        members = dict(stored.exported)
        if kind.has_secret(stored.row):
            name = _unused(kind.variable_of(stored), variables)
            variables.append(name)
            members["client_secret"] = {"env": name}
        return members


def _unused(name: str, taken: Sequence[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate
