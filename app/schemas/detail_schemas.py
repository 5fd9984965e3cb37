"""JSON Schemas of authorization details (RFC 9396), in the part of the language that is accepted.

A schema is compiled for pydantic-core, which validates the details: every object is closed, nothing
refers to another schema, and patterns run in linear time.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import SchemaError, SchemaValidator, ValidationError, core_schema

from app.security.text import is_encodable, is_storable

MAXIMUM_DEPTH = 6
MAXIMUM_MEMBERS = 100
MAXIMUM_NAME = 100
MAXIMUM_PATTERN = 200
MAXIMUM_VALUES = 200
ANNOTATIONS = frozenset({"title", "description", "$comment"})
KEYWORDS: Mapping[str, frozenset[str]] = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": frozenset({"enum", "const", "pattern", "minLength", "maxLength"}),
    "integer": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}),
    "boolean": frozenset(),
}
"""The keywords of each type, beside `type` and annotations."""
BOUNDS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "minItems": "min_length",
    "maxItems": "max_length",
    "minLength": "min_length",
    "maxLength": "max_length",
}
"""How pydantic-core calls what bounds a value."""
ESCAPE = re.compile(r"\\(.)")
OF_ASCII = {"d": "[0-9]", "D": "[^0-9]", "w": "[0-9A-Za-z_]", "W": "[^0-9A-Za-z_]"}
"""What classes mean in a JSON Schema (ECMA-262). In Rust they include the digits of all scripts."""


class DetailValidator:
    """Validator of the members of one authorization detail beside `type`."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Compile a schema; raise `ValueError` with the place of what is not accepted."""
        if not is_encodable(schema):
            raise ValueError("is nested too deeply, or has text that cannot be encoded")
        root = {name: value for name, value in schema.items() if name != "$schema"}
        if root.get("type") != "object":
            raise ValueError('must have "type": "object"')
        if "type" in _members_of(root, "it"):
            raise ValueError("must not have a member `type`: that is the name of the type itself")
        try:
            self._validator = SchemaValidator(_compiled(root, "it", MAXIMUM_DEPTH))
        except SchemaError:
            raise ValueError("has a pattern that is invalid or too large") from None

    def problem_with(self, members: Mapping[str, Any]) -> str | None:
        """Return what is wrong with the members of a detail and where, or None.

        It is for the log, and contains no value of the detail.
        """
        try:
            self._validator.validate_python(members, strict=True)
        except ValidationError as error:
            problem = error.errors(include_input=False, include_context=False)[0]
            place = ".".join(map(str, problem["loc"]))
            return f"{ascii(place)[:MAXIMUM_NAME]}: {problem['type']}"
        return None


def _compiled(schema: Any, place: str, depth: int) -> core_schema.CoreSchema:
    if not isinstance(schema, Mapping):
        raise ValueError(f"{place}: must be a schema, which is an object")
    if depth == 0:
        raise ValueError(f"{place}: at most {MAXIMUM_DEPTH} levels are accepted")
    kind = schema.get("type")
    if not isinstance(kind, str) or kind not in KEYWORDS:
        raise ValueError(f"{place}: `type` must be one of {', '.join(KEYWORDS)}")
    accepted = KEYWORDS[kind] | ANNOTATIONS | {"type"}
    if unknown := sorted(schema.keys() - accepted):
        names = ", ".join(sorted(KEYWORDS[kind])) or "no keyword"
        raise ValueError(f"{place}: {unknown[0]!r} is not accepted; type {kind} accepts {names}")
    return COMPILERS[kind](schema, place, depth)


def _compiled_object(
    schema: Mapping[str, Any], place: str, depth: int
) -> core_schema.TypedDictSchema:
    members = _members_of(schema, place)
    if schema.get("additionalProperties", False) is not False:
        raise ValueError(f"{place}: additionalProperties must be false, since objects are closed")
    required = schema.get("required", [])
    if not isinstance(required, list) or any(name not in list(members) for name in required):
        raise ValueError(f"{place}: `required` must be a list of names in `properties`")
    fields = {
        name: core_schema.typed_dict_field(
            _compiled(member, f"{place}.{name}", depth - 1), required=name in required
        )
        for name, member in members.items()
    }
    return core_schema.typed_dict_schema(fields, extra_behavior="forbid")


def _members_of(schema: Mapping[str, Any], place: str) -> Mapping[str, Any]:
    members = schema.get("properties", {})
    if not isinstance(members, Mapping):
        raise ValueError(f"{place}: `properties` must be an object")
    if len(members) > MAXIMUM_MEMBERS:
        raise ValueError(f"{place}: at most {MAXIMUM_MEMBERS} members are accepted")
    if not all(0 < len(name) <= MAXIMUM_NAME and is_storable(name) for name in members):
        raise ValueError(f"{place}: names of members have 1 to {MAXIMUM_NAME} visible characters")
    return members


def _compiled_array(schema: Mapping[str, Any], place: str, depth: int) -> core_schema.ListSchema:
    if "items" not in schema:
        raise ValueError(f"{place}: an array requires `items`")
    items = _compiled(schema["items"], f"{place}[]", depth - 1)
    return core_schema.list_schema(items, **_bounds(schema, place, is_size=True))


def _compiled_text(
    schema: Mapping[str, Any], place: str, depth: int
) -> core_schema.StringSchema | core_schema.LiteralSchema:
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if values is not None:
        return _compiled_values(schema, values, place)
    pattern = schema.get("pattern")
    if pattern is not None and not (isinstance(pattern, str) and len(pattern) <= MAXIMUM_PATTERN):
        raise ValueError(f"{place}: `pattern` must be a text of at most {MAXIMUM_PATTERN} letters")
    if pattern is not None:
        pattern = ESCAPE.sub(lambda escape: OF_ASCII.get(escape[1], escape[0]), pattern)
    bounds = _bounds(schema, place, is_size=True)
    return core_schema.str_schema(pattern=pattern, regex_engine="rust-regex", **bounds)


def _compiled_values(
    schema: Mapping[str, Any], values: Any, place: str
) -> core_schema.LiteralSchema:
    if not isinstance(values, list) or not 0 < len(values) <= MAXIMUM_VALUES:
        raise ValueError(f"{place}: `enum` must be a list of 1 to {MAXIMUM_VALUES} texts")
    if not all(isinstance(value, str) and is_storable(value) for value in values):
        raise ValueError(f"{place}: `enum` and `const` must be texts")
    if alone := sorted(schema.keys() & {"pattern", "minLength", "maxLength"}):
        raise ValueError(f"{place}: {alone[0]!r} has no meaning beside `enum` or `const`")
    if "enum" in schema and "const" in schema:
        raise ValueError(f"{place}: use `enum` or `const`, not both")
    return core_schema.literal_schema(values)


def _compiled_integer(schema: Mapping[str, Any], place: str, depth: int) -> core_schema.IntSchema:
    return core_schema.int_schema(**_bounds(schema, place, is_size=True, may_be_negative=True))


def _compiled_number(schema: Mapping[str, Any], place: str, depth: int) -> core_schema.FloatSchema:
    bounds = _bounds(schema, place, is_size=False)
    return core_schema.float_schema(allow_inf_nan=False, **bounds)


def _compiled_boolean(schema: Mapping[str, Any], place: str, depth: int) -> core_schema.BoolSchema:
    return core_schema.bool_schema()


def _bounds(
    schema: Mapping[str, Any], place: str, *, is_size: bool, may_be_negative: bool = False
) -> dict[str, Any]:
    """Return the bounds of a value, which are whole numbers if they bound a size."""
    bounds = {}
    for name in sorted(schema.keys() & BOUNDS.keys()):
        bound = schema[name]
        is_number = isinstance(bound, int if is_size else (int, float))
        if not is_number or isinstance(bound, bool) or abs(bound) > 2**53:
            raise ValueError(f"{place}: {name!r} must be a {'whole ' * is_size}number")
        if is_size and not may_be_negative and bound < 0:
            raise ValueError(f"{place}: {name!r} must not be negative")
        bounds[BOUNDS[name]] = bound
    return bounds


Compiler = Callable[[Mapping[str, Any], str, int], core_schema.CoreSchema]
COMPILERS: Mapping[str, Compiler] = {
    "object": _compiled_object,
    "array": _compiled_array,
    "string": _compiled_text,
    "integer": _compiled_integer,
    "number": _compiled_number,
    "boolean": _compiled_boolean,
}
