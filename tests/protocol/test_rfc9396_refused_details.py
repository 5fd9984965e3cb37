"""Authorization details that are refused, and how users are asked for the others (RFC 9396)."""

import json
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import update

from app.models.oauth.authorization_types import AuthorizationType, authorization_types
from tests.support.application import Application, TestClient, TestUser
from tests.support.authorization_types import PAYMENT_SCHEMA, new_type, payment, sent
from tests.support.parts import services_of
from tests.support.refusals import recorded_refusals
from tests.support.visitor import Visitor, answer_in, text_of

REFUSED = "invalid_authorization_details"
AMOUNT = {"amount": "1.00", "currency": "EUR"}
REMOTE = {"$ref": "https://schemas.example/payment.json"}


@pytest_asyncio.fixture
async def shop(app: Application) -> TestClient:
    return await app.create_client(scope="openid profile")


@pytest_asyncio.fixture
async def kind(app: Application) -> AuthorizationType:
    return await new_type(app)


async def answer(visitor: Visitor, client: TestClient, details: str) -> dict[str, str]:
    return answer_in(await visitor.authorize(client, authorization_details=details))


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"$ref": "https://schemas.example/payment.json"},
        {"instructedAmount": {**AMOUNT, "unknown": 1}},
        {"instructedAmount": {**AMOUNT, **REMOTE}},
        {"instructedAmount": {"amount": "1.00"}},
        {"instructedAmount": {**AMOUNT, "amount": "1.0"}},
        {"instructedAmount": {**AMOUNT, "amount": "１.00"}},  # noqa: RUF001 - a digit of another script
        {"instructedAmount": {**AMOUNT, "amount": 1.0}},
        {"instructedAmount": {**AMOUNT, "currency": "GBP"}},
        {"actions": ["delete"]},
        {"actions": "initiate"},
        {"creditorName": None},
        {"creditorName": ""},
        {"creditorName": "x" * 71},
        {"creditorName": "Ada\u202eecarG"},
        {"creditorName": "Ada\u0007"},
        {"copies": True},
        {"copies": 0},
        {"copies": 10},
    ],
)
async def test_a_detail_that_does_not_match_its_type_is_refused(
    shop: TestClient, kind: AuthorizationType, visitor: Visitor, change: dict[str, Any]
) -> None:
    """RFC 9396 section 5"""
    detail = {
        name: value for name, value in {**payment(kind), **change}.items() if value is not None
    }

    refused = await answer(visitor, shop, sent(detail))

    assert refused["error"] == REFUSED
    assert refused["state"] == "a-state"


@pytest.mark.parametrize(
    "details",
    [
        "",
        "{}",
        "[]",
        "null",
        "payment",
        "[1]",
        "[{}]",
        '[{"type": 1}]',
        '[{"type": "unknown"}]',
        '[{"type": "NAME", "type": "NAME"}]',
        '[{"type": "NAME", "copies": 1e999}]',
        '[{"type": "NAME", "copies": NaN}]',
        '[{"type": "NAME", "creditorName": "\\ud800"}]',
        "[" * 4000,
        '[{"type": "NAME", "copies": ' + "[" * 30 + "]" * 30 + "}]",
    ],
)
async def test_what_is_no_list_of_details_is_refused(
    shop: TestClient, kind: AuthorizationType, visitor: Visitor, details: str
) -> None:
    """RFC 9396 section 5"""
    if not details:
        details = " "
    refused = await answer(visitor, shop, details.replace("NAME", kind.name))

    assert refused["error"] == REFUSED


async def test_details_that_are_too_large_are_refused(
    shop: TestClient, kind: AuthorizationType, visitor: Visitor
) -> None:
    long = payment(kind, remittanceInformation="x" * 1900)
    short = payment(kind, actions=[])

    assert (await answer(visitor, shop, sent(long, long, long)))["error"] == REFUSED
    assert (await answer(visitor, shop, json.dumps([short] * 21)))["error"] == REFUSED


async def test_a_schema_with_a_remote_reference_is_not_followed(
    app: Application,
    shop: TestClient,
    kind: AuthorizationType,
    visitor: Visitor,
) -> None:
    """It was written past the checks of the administration: nothing is fetched"""
    schema = {**PAYMENT_SCHEMA, "properties": {**PAYMENT_SCHEMA["properties"], "copies": REMOTE}}
    async with services_of(app).core.database.transaction() as connection:
        await connection.execute(
            update(authorization_types)
            .where(authorization_types.c.name == kind.name)
            .values(json_schema=json.dumps(schema))
        )
    app.clock.advance(seconds=11)

    refused = await answer(visitor, shop, sent(payment(kind)))

    assert refused["error"] == REFUSED
    assert "schemas.example" not in refused["error_description"]


async def test_the_log_names_the_member_and_not_its_value(
    shop: TestClient, kind: AuthorizationType, visitor: Visitor
) -> None:
    with recorded_refusals() as records:
        response = await visitor.authorize(
            shop, authorization_details=sent(payment(kind, copies=7770))
        )

    reason = records.one(response.headers["x-request-id"]).reason
    assert "copies" in reason
    assert kind.name in reason
    assert "7770" not in reason
    assert "7770" not in response.headers["location"]


async def test_the_log_says_how_a_client_gets_a_type(
    app: Application, shop: TestClient, visitor: Visitor
) -> None:
    closed = await new_type(app, is_open_to_all_clients=False)

    with recorded_refusals() as records:
        response = await visitor.authorize(shop, authorization_details=sent(payment(closed)))

    reason = records.one(response.headers["x-request-id"]).reason
    assert f"authorization-types set {closed.name} --client {shop.client_id}`" in reason


async def test_consent_is_asked_for_details_each_time(
    app: Application, shop: TestClient, kind: AuthorizationType, user: TestUser, visitor: Visitor
) -> None:
    """Also where the same payment was allowed before, and the scope is remembered"""
    details = sent(payment(kind))
    await visitor.code_for(shop, user, authorization_details=details)

    page = await visitor.authorize(shop, authorization_details=details)
    silent = await visitor.authorize(shop, authorization_details=details, prompt="none")
    without = await visitor.authorize(shop)

    assert 'action="/consent"' in page.text
    assert answer_in(silent)["error"] == "consent_required"
    assert "code" in answer_in(without)


async def test_a_client_that_never_asks_for_consent_asks_for_details(
    app: Application, kind: AuthorizationType, user: TestUser, visitor: Visitor
) -> None:
    trusted = await app.create_client(scope="openid", trust="first_party")

    page = await visitor.sign_in(
        await visitor.authorize(trusted, authorization_details=sent(payment(kind))), user
    )

    assert 'action="/consent"' in page.text


async def test_the_sentence_is_in_the_language_of_the_user(
    shop: TestClient, kind: AuthorizationType, user: TestUser, visitor: Visitor
) -> None:
    page = await visitor.authorize(shop, authorization_details=sent(payment(kind)), ui_locales="de")

    shown = await visitor.sign_in(page, user)

    assert "123.50 EUR an Ada's Shop zahlen" in " ".join(text_of(shown).split())
    assert "Nur für diese Anfrage:" in shown.text


async def test_values_are_escaped_and_stand_apart_from_the_sentence(
    shop: TestClient, kind: AuthorizationType, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 31; a value cannot pose as a part of the sentence"""
    hostile = payment(kind, creditorName="<b>{creditorName}</b> %(name)s")

    shown = await visitor.sign_in(
        await visitor.authorize(shop, authorization_details=sent(hostile)), user
    )

    assert "<b>{" not in shown.text
    assert "to <strong><bdi>&lt;b&gt;{creditorName}&lt;/b&gt; %(name)s</bdi></strong>" in shown.text
