"""Every refusal can be explained: its log record says why, and the id in the answer finds it."""

import json
import logging

import pytest
import pytest_asyncio

from app.observability.logging import JsonFormatter
from tests.protocol.assertions_of_clients import signing_client
from tests.protocol.refusals import CORPUS, Refused, World
from tests.protocol.wire import basic
from tests.support.application import NO_LIMITS, Application
from tests.support.refusals import recorded_refusals
from tests.support.visitor import Visitor

APP_SETTINGS = NO_LIMITS
SAYS_NOTHING = {"", "see the response"}


@pytest_asyncio.fixture(scope="module")
async def world(app: Application) -> World:
    return World(
        app,
        await app.create_client(scope="openid profile"),
        await app.create_client(),
        await app.create_client(token_endpoint_auth_method="none"),
        await signing_client(app),
        await app.enrolled_user(),
    )


@pytest.mark.parametrize("case", CORPUS.values(), ids=CORPUS.keys())
async def test_a_refused_request_is_logged_once_with_its_reason(
    world: World, case: Refused
) -> None:
    """STYLE_GUIDE: Errors"""
    with recorded_refusals() as records:
        answer = await case.send(world)

    record = records.one(answer.headers["x-request-id"])
    assert record.error == case.error
    assert record.reason not in SAYS_NOTHING
    assert case.reason in record.reason
    assert (record.client_id is not None) == case.knows_client
    assert record.status == answer.status_code


@pytest.mark.parametrize("case", CORPUS.values(), ids=CORPUS.keys())
async def test_the_reason_is_not_in_the_response_and_the_record_contains_no_secret(
    world: World, case: Refused
) -> None:
    """SECURITY_BAR row 3: the public description is the same for unknown, wrong and disabled"""
    with recorded_refusals() as records:
        answer = await case.send(world)

    record = records.one(answer.headers["x-request-id"])
    text = record.getMessage()
    secrets = (world.client.client_secret, world.user.password, "wrong pass", "secret=1", "123456")
    assert not [each for each in secrets if each in text]
    if case.reason and case.error in ("invalid_client", "invalid_grant", "invalid_redirect_uri"):
        assert record.reason not in answer.text + answer.headers.get("location", "")


async def test_the_request_id_on_the_error_page_identifies_the_record(world: World) -> None:
    with recorded_refusals() as records:
        page = await world.authorize(redirect_uri="https://evil.example/cb")

    request_id = page.headers["x-request-id"]
    assert f'<code id="request-id">{request_id}</code>' in page.text
    assert "https://evil.example/cb" in records.one(request_id).reason
    assert records.one(request_id).client_id == world.client.client_id


async def test_the_reason_for_showing_a_form_again_is_logged(
    world: World, visitor: Visitor
) -> None:
    page = await visitor.authorize(world.client)
    with recorded_refusals() as records:
        signing_in = await visitor.submit(
            page, to="/login", username=world.user.username, password="wrong pass"
        )
        device = await visitor.get("/device", user_code="BBBB-BBBB")

    of_login = records.one(signing_in.headers["x-request-id"])
    assert of_login.error == "invalid_form"
    assert "the password is wrong" in of_login.reason
    if device.status_code >= 400:
        assert "user code" in records.one(device.headers["x-request-id"]).reason


async def test_a_json_record_has_a_member_for_each_field(world: World) -> None:
    with recorded_refusals() as records:
        answer = await world.named(world.client.client_id, "wrong")

    entry = json.loads(JsonFormatter().format(records.one(answer.headers["x-request-id"])))

    assert entry["request_id"] == answer.headers["x-request-id"]
    assert entry["client_id"] == world.client.client_id
    assert entry["error"] == "invalid_client"
    assert entry["reason"] == "client authentication failed: the secret is wrong"
    assert entry["level"] == logging.getLevelName(logging.INFO)


async def test_submitted_values_are_truncated_and_secrets_are_not_logged(
    world: World,
) -> None:
    secret = world.client.client_secret
    with recorded_refusals() as records:
        pasted = await world.named(secret, "x")
        long = await world.token(grant_type="x" * 5000)

    assert secret not in records.one(pasted.headers["x-request-id"]).getMessage()
    assert len(records.one(long.headers["x-request-id"]).getMessage()) < 1000


async def test_a_successful_request_is_not_logged_as_a_refusal(world: World) -> None:
    with recorded_refusals() as records:
        answer = await world.app.client_credentials(world.client)
        page = await world.authorize()

    assert answer.status_code == 200
    assert page.status_code == 303
    assert records.records == []


async def test_a_replayed_assertion_is_logged_as_a_replay(world: World) -> None:
    """SECURITY_BAR row 37"""
    assertion = world.signer.assertion()
    await world.asserted(assertion)
    with recorded_refusals() as records:
        answer = await world.asserted(assertion)

    assert "was used before (same jti)" in records.one(answer.headers["x-request-id"]).reason


async def test_the_record_names_an_unregistered_authentication_method(world: World) -> None:
    client = await world.app.create_client(token_endpoint_auth_method="client_secret_post")
    with recorded_refusals() as records:
        answer = await world.app.http.post(
            "/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": basic(client.client_id, client.client_secret)},
        )

    reason = records.one(answer.headers["x-request-id"]).reason
    assert reason.endswith("registered client_secret_post but used client_secret_basic")
