"""The part of JSON Schema that types of authorization details accept, and their sentences."""

import re
import time
from typing import Any

import pytest
from pydantic import ValidationError

from app.schemas.authorization_types import AuthorizationTypeBody
from app.schemas.detail_schemas import DetailValidator
from app.schemas.detail_sentences import Part, check_sentence, sentence_of
from tests.support.authorization_types import PAYMENT_SCHEMA, type_body


def schema_with(member: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": member}}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = schema_with(schema)
    return schema


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({}, "type"),
        ({"type": "string"}, "object"),
        ({"type": "object", "$ref": "https://schemas.example/a.json"}, "$ref"),
        ({"type": "object", "$defs": {}}, "$defs"),
        ({"type": "object", "additionalProperties": True}, "closed"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "closed"),
        ({"type": "object", "patternProperties": {}}, "patternProperties"),
        ({"type": "object", "required": ["a"]}, "required"),
        ({"type": "object", "required": [["a"]]}, "required"),
        ({"type": "object", "properties": []}, "properties"),
        ({"type": "object", "properties": {"type": {"type": "string"}}}, "type"),
        ({"type": "object", "properties": {"": {"type": "string"}}}, "names"),
        ({"type": "object", "properties": {str(n): {} for n in range(101)}}, "100"),
        (schema_with({"$ref": "https://schemas.example/a.json"}), "it.a"),
        (schema_with({"type": "string", "$ref": "#/$defs/a"}), "$ref"),
        (schema_with({"type": ["string", "null"]}), "type"),
        (schema_with({"type": "null"}), "type"),
        (schema_with("string"), "schema"),
        (schema_with({"type": "string", "format": "date"}), "format"),
        (schema_with({"type": "string", "minLength": -1}), "negative"),
        (schema_with({"type": "string", "minLength": 1.5}), "whole"),
        (schema_with({"type": "string", "minLength": True}), "whole"),
        (schema_with({"type": "string", "pattern": "("}), "pattern"),
        (schema_with({"type": "string", "pattern": "(?=a)b"}), "pattern"),
        (schema_with({"type": "string", "pattern": "(a)\\1"}), "pattern"),
        (schema_with({"type": "string", "pattern": "((a{900}){900}){900}"}), "pattern"),
        (schema_with({"type": "string", "pattern": "a" * 201}), "200"),
        (schema_with({"type": "string", "enum": []}), "enum"),
        (schema_with({"type": "string", "enum": [1]}), "texts"),
        (schema_with({"type": "string", "enum": ["a"], "const": "a"}), "both"),
        (schema_with({"type": "string", "enum": ["a"], "maxLength": 1}), "maxLength"),
        (schema_with({"type": "array"}), "items"),
        (schema_with({"type": "number", "maximum": "1"}), "number"),
        (schema_with({"type": "number", "maximum": 1e300}), "number"),
        (nested(7), "levels"),
        (nested(20), "deeply"),
    ],
)
def test_a_schema_outside_of_the_accepted_part_is_refused_with_its_place(
    schema: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        DetailValidator(schema)


def test_an_accepted_schema_says_what_is_wrong_and_where() -> None:
    validator = DetailValidator(
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "title": "A title",
            "additionalProperties": False,
            "properties": {
                "text": {"type": "string", "const": "x", "description": "A text"},
                "words": {"type": "array", "items": {"type": "string"}, "maxItems": 1},
                "share": {"type": "number", "exclusiveMinimum": 0, "maximum": 1.5},
                "count": {"type": "integer", "minimum": -1, "exclusiveMaximum": 3},
                "is_on": {"type": "boolean"},
            },
        }
    )

    for members, problem in (
        ({}, None),
        ({"text": "x", "words": ["a"], "share": 1, "count": -1, "is_on": True}, None),
        ({"text": "y"}, "text"),
        ({"words": ["a", "b"]}, "words"),
        ({"words": [1]}, "words.0"),
        ({"share": 0}, "share"),
        ({"share": 1.6}, "share"),
        ({"share": "1"}, "share"),
        ({"count": 3}, "count"),
        ({"count": 1.5}, "count"),
        ({"is_on": "true"}, "is_on"),
        ({"is_on": None}, "is_on"),
        ({"other": 1}, "other"),
    ):
        found = validator.problem_with(members)
        assert (found is None) == (problem is None), members
        assert problem is None or problem in str(found)


def test_a_pattern_takes_linear_time() -> None:
    """A pattern that would take hours with backtracking"""
    validator = DetailValidator(schema_with({"type": "string", "pattern": "^(a+)+$"}))
    began = time.process_time()

    assert validator.problem_with({"a": "a" * 4000 + "!"}) is not None
    assert time.process_time() - began < 5


@pytest.mark.parametrize("pattern", [r"^\d+$", r"^[\d]+$", r"^\w+$"])
def test_classes_of_a_pattern_mean_ascii(pattern: str) -> None:
    """ECMA-262, which JSON Schema refers to"""
    validator = DetailValidator(schema_with({"type": "string", "pattern": pattern}))

    assert validator.problem_with({"a": "12"}) is None
    assert validator.problem_with({"a": "１２"}) is not None  # noqa: RUF001 - other digits


@pytest.mark.parametrize(
    "sentence",
    [
        "Pay {unknown}",
        "Pay {}",
        "Pay {instructedAmount}",
        "Pay {instructedAmount.unknown}",
        "Pay {creditorName.first}",
        "Pay {remittanceInformation}",
        "Pay {actions}",
        "Pay {creditorName",
        "Pay creditorName}",
        "Pay {{creditorName}}",
        "Pay {creditorName.__class__}",
        "Pay {0}",
    ],
)
def test_a_placeholder_without_a_value_that_is_always_there_is_refused(sentence: str) -> None:
    with pytest.raises(ValueError, match="placeholder"):
        check_sentence(sentence, PAYMENT_SCHEMA)
    with pytest.raises(ValidationError):
        type_body("payment", description=sentence)
    with pytest.raises(ValidationError):
        type_body("payment", translations={"de": sentence})


def test_a_sentence_has_the_values_apart_from_its_text() -> None:
    schema = {
        "type": "object",
        "properties": {
            "names": {"type": "array", "items": {"type": "string"}, "minItems": 1},
            "count": {"type": "number"},
        },
        "required": ["names", "count"],
    }
    sentence = "{names}: read {count} times"
    check_sentence(sentence, schema)

    assert sentence_of(sentence, {"names": ["a", "{count}"], "count": 2}) == [
        Part("a, {count}", True),
        Part(": read ", False),
        Part("2", True),
        Part(" times", False),
    ]


@pytest.mark.parametrize("name", ["", "a b", 'a"b', "ä", "x" * 129])
def test_a_name_is_printable_ascii(name: str) -> None:
    with pytest.raises(ValidationError):
        type_body(name)


def test_a_schema_has_a_bounded_size_and_access_has_no_default() -> None:
    large = {"type": "object", "description": "x" * 20_000}
    body = {"name": "n", "json_schema": {"type": "object"}, "description": "x"}

    with pytest.raises(ValidationError):
        type_body("payment", json_schema=large)
    with pytest.raises(ValidationError):
        AuthorizationTypeBody.model_validate(body)
    assert AuthorizationTypeBody.model_validate({**body, "is_open_to_all_clients": False})
