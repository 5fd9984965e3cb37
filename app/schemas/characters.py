"""Rules about characters in text that the documented schema states as well."""

from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from app.security.text import is_storable

MESSAGE = "must not contain control characters"


@dataclass(frozen=True, slots=True)
class WithoutControls:
    """Annotation of text without control characters, apart from those in `except_for`.

    A pattern alone would give an error that few people understand.
    """

    pattern: str
    except_for: str = ""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self.pattern}

    def _check(self, value: str) -> str:
        plain = value.translate(dict.fromkeys(map(ord, self.except_for)))
        if not is_storable(plain):
            raise PydanticCustomError("control_characters", MESSAGE)
        return value


NO_CONTROLS = WithoutControls(r"^[^\u0000-\u001f\u007f-\u009f]*$")
ONLY_LINE_BREAKS = WithoutControls(
    r"^[^\u0000-\u0009\u000b-\u001f\u007f-\u009f]*$", except_for="\n"
)
