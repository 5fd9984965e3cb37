"""Types of authorization details as administrators state them (RFC 9396)."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from app.schemas.client_policies import ScopeName
from app.schemas.detail_schemas import DetailValidator
from app.schemas.detail_sentences import check_sentence
from app.schemas.property_names import names_as_rule
from app.schemas.resources import MAXIMUM_CLIENTS, ClientId, ShortName
from app.schemas.scopes import MAXIMUM_TRANSLATIONS, Language
from app.schemas.text import Name

MAXIMUM_RESOURCES = 50
MAXIMUM_SCHEMA_BYTES = 16_384


def _accepted(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    DetailValidator(schema)
    if len(json.dumps(schema, ensure_ascii=False).encode()) > MAXIMUM_SCHEMA_BYTES:
        raise ValueError(f"must have at most {MAXIMUM_SCHEMA_BYTES} bytes")
    return schema


JsonSchema = Annotated[Mapping[str, Any], AfterValidator(_accepted)]

EXAMPLE: JsonDict = {
    "name": "payment",
    "json_schema": {
        "type": "object",
        "properties": {
            "amount": {"type": "string", "pattern": "^[0-9]{1,9}\\.[0-9]{2}$"},
            "currency": {"type": "string", "enum": ["EUR", "USD"]},
            "creditor": {"type": "string", "minLength": 1, "maxLength": 70},
        },
        "required": ["amount", "currency", "creditor"],
    },
    "description": "Pay {amount} {currency} to {creditor}",
    "is_open_to_all_clients": True,
}


class AuthorizationTypeBody(BaseModel):
    """A type of authorization details: what clients may state, and how it is shown to users."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [EXAMPLE]}
    )

    name: ScopeName = Field(description="The value of `type` in authorization details.")
    json_schema: JsonSchema = Field(
        description="JSON Schema of the members beside `type`. Objects are closed, and there are no"
        " references. `pattern` is matched in linear time, without look-around."
    )
    description: Name = Field(
        description="What the consent page says, with `{placeholders}` for required members, such"
        " as `{instructedAmount.amount}`."
    )
    translations: Annotated[
        Mapping[Language, Name],
        Field(max_length=MAXIMUM_TRANSLATIONS, json_schema_extra=names_as_rule),
    ] = Field(default_factory=dict, description="The description in other languages.")
    is_open_to_all_clients: bool = Field(
        description="Whether every client may request details of this type, or only `clients`."
    )
    clients: Annotated[tuple[ClientId, ...], Field(max_length=MAXIMUM_CLIENTS)] = Field(
        default=(), description="The clients that may request details of this type."
    )
    resources: Annotated[tuple[ShortName, ...], Field(max_length=MAXIMUM_RESOURCES)] = Field(
        default=(),
        description="The resources whose access tokens have details of this type. If there are"
        " none, those of every audience have them.",
    )

    @model_validator(mode="after")
    def _complete_sentences(self) -> Self:
        for language, sentence in (("description", self.description), *self.translations.items()):
            try:
                check_sentence(sentence, self.json_schema)
            except ValueError as error:
                raise ValueError(f"the sentence ({language}) {error}") from None
        return self
