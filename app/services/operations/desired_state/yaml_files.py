"""YAML with the types of JSON, and the lines of its values.

Aliases, anchors, tags and duplicate keys are refused: a short file must not become a large one, and
a value is what a reader sees. A plain scalar is a number, `true`, `false` or `null` as in JSON, and
otherwise text: `no` and `2026-01-01` are texts.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import yaml

from app.services.operations.desired_state.problems import InvalidFilesError, Place, Problem

MAXIMUM_BYTES = 1024 * 1024
Keys = tuple[str | int, ...]
TYPES = {
    "null": re.compile(r"^(?:null|~|)$"),
    "bool": re.compile(r"^(?:true|false)$"),
    "int": re.compile(r"^-?(?:0|[1-9][0-9]{0,17})$"),
    "float": re.compile(r"^-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?$"),
}
"""Forms of plain scalars, by the tag that they get."""
FIRST_CHARACTERS = {"null": ["n", "~", ""], "bool": ["t", "f"]}
NUMBERS = list("-0123456789")
TAG = "tag:yaml.org,2002:"


class Tree(NamedTuple):
    """The value of a file, and the line of each value by its path."""

    file: str
    value: Any
    lines: Mapping[Keys, int]

    def place_of(self, path: Keys) -> Place:
        """Return the place of the value at a path, or of what it would be in."""
        while path and path not in self.lines:
            path = path[:-1]
        return Place(self.file, self.lines.get(path))


def read_yaml(path: Path) -> Tree:
    """Read a file of at most 1 MiB; raise `InvalidFilesError`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise _invalid(path, f"cannot be read: {error.strerror}.") from None
    if len(content) > MAXIMUM_BYTES:
        raise _invalid(path, "is larger than 1 MiB. Split it into several files.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _invalid(path, "is not UTF-8.") from None
    return parse_yaml(str(path), text)


def parse_yaml(file: str, text: str) -> Tree:
    """Parse a document; raise `InvalidFilesError` with the line that is wrong."""
    lines: dict[Keys, int] = {}
    try:
        node = _Loader(text).get_single_node()
        value = _value_of(node, (), lines) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        raise InvalidFilesError([Problem(Place(file, line), _sentence(error))]) from None
    except yaml.YAMLError:
        message = "contains a character that YAML does not allow."
        raise InvalidFilesError([Problem(Place(file), message)]) from None
    except RecursionError:
        raise InvalidFilesError([Problem(Place(file), "is nested too deeply.")]) from None
    return Tree(file, value, lines)


def _sentence(error: yaml.MarkedYAMLError) -> str:
    text = (error.problem or "is not YAML").rstrip(".")
    return f"{text}."


def _invalid(path: Path, message: str) -> InvalidFilesError:
    return InvalidFilesError([Problem(Place(str(path)), message)])


class _Loader(yaml.SafeLoader):
    """A parser that refuses what makes a value differ from what is written."""

    yaml_implicit_resolvers: ClassVar = {}  # type: ignore[misc]  # PyYAML reads it of the class

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]  # untyped in its stubs
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _refused("aliases and anchors are not allowed: write the value again", event)
        if getattr(event, "tag", None) not in (None, "!"):
            raise _refused("tags are not allowed: quote the value if it is text", event)
        return super().compose_node(parent, index)


class Dumper(yaml.SafeDumper):
    """A writer that quotes the texts which `_Loader` would read as something else."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _name, _form in TYPES.items():
    for _class in (_Loader, Dumper):
        _class.add_implicit_resolver(f"{TAG}{_name}", _form, FIRST_CHARACTERS.get(_name, NUMBERS))


def _value_of(node: yaml.Node, path: Keys, lines: dict[Keys, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_value_of(each, (*path, index), lines) for index, each in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping_of(node, path, lines)
    return _scalar_of(node)


def _mapping_of(node: yaml.MappingNode, path: Keys, lines: dict[Keys, int]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != f"{TAG}str":
            raise _refused("a key must be text: quote it", key_node)
        name = key_node.value
        if name in members:
            raise _refused(f"{name} is stated twice: remove one of them", key_node)
        lines[(*path, name)] = key_node.start_mark.line + 1
        members[name] = _value_of(value_node, (*path, name), lines)
    return members


def _scalar_of(node: yaml.Node) -> Any:
    match node.tag.removeprefix(TAG):
        case "null":
            return None
        case "bool":
            return node.value == "true"
        case "int":
            return int(node.value)
        case "float":
            return float(node.value)
    return node.value


def _refused(problem: str, at: Any) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=at.start_mark)
