"""Files of desired state, checked against the kinds of objects that they can state."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from app.errors import InvalidInputError, PosternError
from app.models.accounts.groups import MANUAL
from app.services.operations.desired_state.kinds.base import AnyKind
from app.services.operations.desired_state.problems import InvalidFilesError, Place, Problem
from app.services.operations.desired_state.yaml_files import Keys, Tree, read_yaml

OWNER = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
OWNER_KEY = "owner"


@dataclass(frozen=True, slots=True)
class Entry:
    """An object that a file states."""

    kind: AnyKind
    state: Any
    owner: str
    tree: Tree
    keys: Keys

    @property
    def title(self) -> str:
        return f"{self.kind.noun} {self.kind.name_of(self.state)}"

    @property
    def directory(self) -> Path:
        return Path(self.tree.file).parent

    @property
    def place(self) -> Place:
        return self.tree.place_of(self.keys)

    def problem_of(self, error: PosternError) -> Problem:
        """Return the problem that an error of a service means for this object."""
        field = error.field or ""
        text = error.detail_for(field)
        is_named = not field or text != error.detail_for("")
        subject = self.title if is_named else f"{self.title}: {field}"
        place = self.tree.place_of((*self.keys, *field.split(".")))
        return Problem(place, f"{subject}: {text}")


@dataclass(frozen=True, slots=True)
class Document:
    """A file: its owner, and the objects that it states."""

    owner: str
    entries: Sequence[Entry]


def read_documents(paths: Sequence[Path], kinds: Sequence[AnyKind]) -> Sequence[Document]:
    """Read files; raise `InvalidFilesError` with every problem of all of them."""
    documents: list[Document] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            documents.append(_document_of(read_yaml(path), kinds))
        except InvalidFilesError as error:
            problems.extend(error.problems)
    problems.extend(_stated_twice(documents))
    if problems:
        raise InvalidFilesError(problems)
    return documents


def is_owner(name: str) -> bool:
    """Return whether a file can have this owner."""
    return OWNER.fullmatch(name) is not None and name != MANUAL


def _document_of(tree: Tree, kinds: Sequence[AnyKind]) -> Document:
    by_section = {kind.section: kind for kind in kinds}
    if not isinstance(tree.value, dict):
        message = f"must be a mapping that begins with owner: NAME, and has {_list_of(by_section)}."
        raise InvalidFilesError([Problem(Place(tree.file), message)])
    problems: list[Problem] = []
    entries: list[Entry] = []
    owner = tree.value.get(OWNER_KEY)
    if not isinstance(owner, str) or not is_owner(owner):
        problems.append(Problem(tree.place_of((OWNER_KEY,)), _wrong_owner(owner)))
    for name, value in tree.value.items():
        kind = by_section.get(name)
        if kind is None and name != OWNER_KEY:
            problems.append(_unknown(tree, (name,), name, [OWNER_KEY, *by_section]))
        if kind is None or value is None:
            continue
        if not isinstance(value, list):
            problems.append(Problem(tree.place_of((name,)), f"{name} must be a list."))
            continue
        for index, members in enumerate(value):
            state = _state_of(kind, tree, (name, index), members, problems)
            if state is not None:
                entries.append(Entry(kind, state, str(owner), tree, (name, index)))
    if problems:
        raise InvalidFilesError(problems)
    return Document(str(owner), entries)


def _state_of(
    kind: AnyKind, tree: Tree, keys: Keys, members: Any, problems: list[Problem]
) -> BaseModel | None:
    """Return the object, or None after adding its problems."""
    if not isinstance(members, dict):
        problems.append(Problem(tree.place_of(keys), f"a {kind.noun} must be a mapping."))
        return None
    names = [name for name in kind.model.model_fields if kind.accepts(name)]
    names += kind.shorthands
    unknown = [name for name in members if name not in names and not kind.accepts(name)]
    problems += [_unknown(tree, (*keys, name), name, names) for name in unknown]
    if unknown:
        return None
    try:
        state: BaseModel = kind.model.model_validate(kind.completed(members))
        return state
    except InvalidInputError as error:
        field = error.field or ""
        problems.append(Problem(tree.place_of((*keys, field)), f"{field}: {error.detail}"))
    except ValidationError as error:
        problems += _problems_of(error, kind, tree, keys)
    return None


def _problems_of(
    error: ValidationError, kind: AnyKind, tree: Tree, keys: Keys
) -> Sequence[Problem]:
    """Return one problem for each value that is wrong, whatever it is compared with."""
    problems: dict[Keys, Problem] = {}
    for each in error.errors(include_input=False, include_url=False):
        path = (*keys, *each["loc"])
        if each["type"] == "extra_forbidden":
            name = str(each["loc"][-1])
            problems.setdefault(path, _unknown(tree, path, name, _names_in(kind.model)))
            continue
        stated = path
        if each["type"] != "missing":
            while stated not in tree.lines:
                stated = stated[:-1]
        field = ".".join(map(str, stated[len(keys) :]))
        message = each["msg"].removeprefix("Value error, ").rstrip(".")
        text = f"{field}: {message}." if field else f"{message}."
        problems.setdefault(stated, Problem(tree.place_of(path), text))
    return list(problems.values())


def _unknown(tree: Tree, path: Keys, name: str, known: Sequence[str]) -> Problem:
    similar = get_close_matches(name, known, n=1)
    hint = f"Did you mean {similar[0]}?" if similar else f"There are {', '.join(known)}."
    return Problem(tree.place_of(path), f"{name} is not known here. {hint}")


def _names_in(model: type[BaseModel]) -> Sequence[str]:
    """Return the names of the members of a model and of the models in it."""
    schema = model.model_json_schema()
    parts = [schema, *schema.get("$defs", {}).values()]
    return sorted({name for part in parts for name in part.get("properties", ())})


def _wrong_owner(owner: object) -> str:
    if owner is None:
        return "the owner is missing. Begin the file with owner: NAME."
    if owner == MANUAL:
        return f"{MANUAL} is the owner of what no file made. Choose another one."
    return "owner must have 1 to 64 characters from a-z, 0-9, ., _ and -."


def _stated_twice(documents: Sequence[Document]) -> Sequence[Problem]:
    problems: list[Problem] = []
    first: dict[tuple[str, str], Entry] = {}
    for document in documents:
        for entry in document.entries:
            key = (entry.kind.section, entry.kind.key_of(entry.state))
            other = first.setdefault(key, entry)
            if other is not entry:
                message = f"{entry.title}: is stated already at {other.place}."
                problems.append(Problem(entry.place, message))
    return problems


def _list_of(sections: Mapping[str, AnyKind]) -> str:
    return ", ".join(sections)
