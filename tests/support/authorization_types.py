"""Types of authorization details for tests, and details of them."""

import json
from typing import Any

from app.models.oauth.authorization_types import AuthorizationType
from app.schemas.authorization_types import AuthorizationTypeBody
from app.services.operations.authority import FULL
from tests.support.application import Application
from tests.support.parts import services_of

PAYMENT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "actions": {"type": "array", "items": {"type": "string", "enum": ["initiate", "status"]}},
        "locations": {"type": "array", "items": {"type": "string", "maxLength": 200}},
        "instructedAmount": {
            "type": "object",
            "properties": {
                "amount": {"type": "string", "pattern": r"^\d{1,9}\.\d{2}$"},
                "currency": {"type": "string", "enum": ["EUR", "USD"]},
            },
            "required": ["amount", "currency"],
        },
        "creditorName": {"type": "string", "minLength": 1, "maxLength": 70},
        "remittanceInformation": {"type": "string", "maxLength": 2000},
        "copies": {"type": "integer", "minimum": 1, "maximum": 9},
    },
    "required": ["actions", "instructedAmount", "creditorName"],
}
SENTENCE = "Pay {instructedAmount.amount} {instructedAmount.currency} to {creditorName}"
GERMAN = "{instructedAmount.amount} {instructedAmount.currency} an {creditorName} zahlen"


def type_body(name: str, **values: Any) -> AuthorizationTypeBody:
    return AuthorizationTypeBody.model_validate(
        {
            "name": name,
            "json_schema": PAYMENT_SCHEMA,
            "description": SENTENCE,
            "translations": {"de": GERMAN},
            "is_open_to_all_clients": True,
            **values,
        }
    )


async def new_type(app: Application, **values: Any) -> AuthorizationType:
    """Create a type of payments."""
    name = values.pop("name", None) or app.new_name("payment")
    return await services_of(app).oauth.authorization_types.create(
        type_body(name, **values), authority=FULL
    )


def payment(kind: AuthorizationType, **members: Any) -> dict[str, Any]:
    """Return a detail of a type of payments, without members that are None."""
    detail = {
        "type": kind.name,
        "actions": ["initiate", "status"],
        "instructedAmount": {"amount": "123.50", "currency": "EUR"},
        "creditorName": "Ada's Shop",
        **members,
    }
    return {name: value for name, value in detail.items() if value is not None}


def sent(*details: Any) -> str:
    """Return the value of the parameter."""
    return json.dumps(details)
