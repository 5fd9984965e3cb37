"""Consent is for the client that the user saw: a change of it is asked about again."""

from typing import Any

import pytest

from tests.protocol.devices import DEVICE_CODE, Device, authorize_device, question
from tests.protocol.registering import body_of, client_of, manage, registered
from tests.support.application import Application, TestUser
from tests.support.visitor import REDIRECT_URI, Visitor, answer_in

pytestmark = pytest.mark.both_databases

CHANGES: list[dict[str, Any]] = [
    {"client_name": "Another App"},
    {"redirect_uris": [REDIRECT_URI, "http://localhost:3000/other"]},
    {"token_endpoint_auth_method": "client_secret_post"},
    {"application_type": "native"},
    {"logo_uri": "https://logo.example/other.png"},
]
NO_CHANGES: list[dict[str, Any]] = [
    {},
    {"redirect_uris": ["http://localhost:4711/callback"]},
    {"jwks": {"keys": []}},
    {"contacts": ["mail@example.com"]},
    {"token_endpoint_auth_method": "client_secret_basic"},
]
AS_REGISTERED: dict[str, Any] = {"client_name": "Photo Album", "application_type": "web"}


async def put(app: Application, made: dict[str, Any], **changed: Any) -> None:
    answer = await manage(app, "PUT", made, body_of(made, **{**AS_REGISTERED, **changed}))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("changed", CHANGES, ids=lambda value: next(iter(value)))
async def test_changing_an_approved_client_requires_new_consent(
    app: Application, user: TestUser, visitor: Visitor, changed: dict[str, Any]
) -> None:
    """SECURITY_BAR row 34; tokens that were issued stay"""
    made = await registered(app, **AS_REGISTERED)
    client = client_of(made)
    tokens = await visitor.tokens_for(client, user)

    await put(app, made, **changed)

    in_silence = answer_in(await visitor.authorize(client, prompt="none"))
    assert in_silence["error"] == "consent_required"
    page = await visitor.authorize(client)
    assert 'action="/consent"' in page.text
    assert (await app.profile(tokens["access_token"])).status_code == 200
    assert "code" in answer_in(await visitor.allow(page))
    assert "code" in answer_in(await visitor.authorize(client, prompt="none"))


@pytest.mark.parametrize("changed", NO_CHANGES, ids=str)
async def test_changes_that_the_user_does_not_see_keep_the_consent(
    app: Application, user: TestUser, visitor: Visitor, changed: dict[str, Any]
) -> None:
    """RFC 8252 section 7.3; RFC 7592 section 2.2: a PUT that only states what was in force"""
    made = await registered(app, **AS_REGISTERED)
    client = client_of(made)
    await visitor.tokens_for(client, user)

    await put(app, made, **changed)

    assert "code" in answer_in(await visitor.authorize(client, prompt="none"))


async def test_scopes_granted_before_the_change_need_new_consent(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: the new client is allowed only what the page named"""
    made = await registered(app, **AS_REGISTERED)
    client = client_of(made)
    await visitor.tokens_for(client, user, scope="openid email")
    await put(app, made, client_name="Another App")
    await visitor.tokens_for(client, user, scope="openid")

    again = answer_in(await visitor.authorize(client, scope="openid email", prompt="none"))

    assert again["error"] == "consent_required"


async def test_a_consent_page_shown_before_the_change_cannot_grant_consent(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: the client changed while the user read the page"""
    made = await registered(app, **AS_REGISTERED)
    client = client_of(made)
    page = await visitor.sign_in(await visitor.authorize(client), user)
    await put(app, made, client_name="Another App")

    again = await visitor.allow(page)

    assert 'action="/consent"' in again.text
    assert "Another App" in again.text
    assert "code" in answer_in(await visitor.allow(again))


async def test_a_device_page_shown_before_the_change_cannot_grant_consent(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8628 section 5.4"""
    grants = {"grant_types": [DEVICE_CODE, "authorization_code"]}
    made = await registered(app, **AS_REGISTERED, **grants)
    client = client_of(made)
    device = Device(app, client, (await authorize_device(app, client)).json())
    page = await question(visitor, device, user)
    await put(app, made, client_name="Another App", **grants)

    again = await visitor.submit(page, to="/device/decision", decision="allow")

    assert "Another App" in again.text
    assert (await device.ask()).json()["error"] == "authorization_pending"
    await visitor.submit(again, to="/device/decision", decision="allow")
    app.clock.advance(seconds=6)
    assert (await device.ask()).status_code == 200
