"""A resource that is deleted and created again: nothing that was granted before is valid for it."""

from typing import Any

import pytest
import pytest_asyncio

from app.models.oauth.resources import Resource
from app.oauth.exchange.token_types import ID_TOKEN
from app.services.operations.authority import FULL
from tests.protocol.devices import DEVICE_CODE, decide, device_client, question, start_device
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.exchange import new_service
from tests.support.parts import services_of
from tests.support.resources import new_resource
from tests.support.visitor import Visitor, redeem

pytestmark = pytest.mark.both_databases

SCOPE = "openid profile offline_access"
FORMATS = pytest.mark.parametrize("token_format", ["opaque", "jwt"])


@pytest_asyncio.fixture
async def server(app: Application) -> TestClient:
    return await app.create_client()


@pytest_asyncio.fixture
async def service(app: Application) -> TestClient:
    return await app.create_client(scope=SCOPE)


async def protected(app: Application, server: TestClient, **values: Any) -> Resource:
    return await new_resource(app, servers=[server.client_id], **values)


async def recreate(app: Application, resource: Resource, **values: Any) -> None:
    """Delete a resource, and create it again a little later as it was, or with these values."""
    app.clock.advance(seconds=2)
    await services_of(app).oauth.resources.delete(resource.name, authority=FULL)
    await new_resource(
        app,
        name=resource.name,
        token_format=resource.token_format,
        servers=list(resource.servers),
        **values,
    )


async def personal_token(app: Application, user: TestUser, resource: Resource) -> str:
    services = services_of(app)
    owner = await services.accounts.users.get(user.username)
    return await services.oauth.personal_tokens.create(
        owner, name="Backup", resource_name=resource.name, scopes=["read"], days=1
    )


@FORMATS
async def test_an_access_token_of_before_is_not_valid(
    app: Application, service: TestClient, server: TestClient, user: TestUser, token_format: str
) -> None:
    resource = await protected(app, server, token_format=token_format)
    form = {"resource": resource.identifier}
    before = [
        (await app.client_credentials(service, **form)).json()["access_token"],
        (await app.password_grant(service, user, **form)).json()["access_token"],
    ]
    assert [await app.is_active(server, each) for each in before] == [True, True]

    await recreate(app, resource)
    after = (await app.client_credentials(service, **form)).json()["access_token"]

    assert [await app.is_active(server, each) for each in before] == [False, False]
    assert await app.is_active(server, after)


@FORMATS
async def test_a_refresh_token_of_before_gets_no_token_for_it(
    app: Application, service: TestClient, server: TestClient, user: TestUser, token_format: str
) -> None:
    resource = await protected(app, server, token_format=token_format)
    first = (await app.password_grant(service, user, resource=resource.identifier)).json()

    await recreate(app, resource)

    for form in ({}, {"resource": resource.identifier}):
        refused = await app.refresh(service, first["refresh_token"], **form)
        assert_oauth_error(refused, "invalid_target")


async def test_a_refresh_for_another_resource_does_not_make_the_grant_newer(
    app: Application, service: TestClient, server: TestClient, user: TestUser, visitor: Visitor
) -> None:
    resource, other = await protected(app, server), await protected(app, server)
    both = f"{resource.identifier} {other.identifier}"
    code = await visitor.code_for(service, user, resource=both.split(), scope=SCOPE)
    first = (await redeem(app, service, code, resource=other.identifier)).json()

    await recreate(app, resource)
    second = (await app.refresh(service, first["refresh_token"], resource=other.identifier)).json()
    refused = await app.refresh(service, second["refresh_token"], resource=resource.identifier)

    assert await app.is_active(server, second["access_token"])
    assert_oauth_error(refused, "invalid_target")


async def test_a_code_of_before_gets_no_token_for_it_at_any_time(
    app: Application, service: TestClient, server: TestClient, user: TestUser, visitor: Visitor
) -> None:
    resource, other = await protected(app, server), await protected(app, server)
    both = f"{resource.identifier} {other.identifier}"
    code = await visitor.code_for(service, user, resource=both.split(), scope=SCOPE)

    await recreate(app, resource)
    tokens = (await redeem(app, service, code, resource=other.identifier)).json()
    refused = await app.refresh(service, tokens["refresh_token"], resource=resource.identifier)

    assert_oauth_error(refused, "invalid_target")


async def test_the_user_is_asked_again(
    app: Application, service: TestClient, server: TestClient, user: TestUser, visitor: Visitor
) -> None:
    resource = await protected(app, server)
    request = {"resource": resource.identifier, "scope": f"{SCOPE} read"}
    await visitor.code_for(service, user, **request)

    await recreate(app, resource)
    page = await visitor.authorize(service, **request)

    assert 'action="/consent"' in page.text


async def test_a_later_consent_does_not_renew_the_one_of_before(
    app: Application, service: TestClient, server: TestClient, user: TestUser, visitor: Visitor
) -> None:
    resource, other = await protected(app, server), await protected(app, server)
    request = {"resource": resource.identifier, "scope": f"{SCOPE} read"}
    await visitor.code_for(service, user, **request)

    await recreate(app, resource)
    app.clock.advance(seconds=2)
    await visitor.code_for(service, user, resource=other.identifier, scope=f"{SCOPE} read")
    page = await visitor.authorize(service, **request)

    assert 'action="/consent"' in page.text


async def test_a_request_that_was_pending_is_not_answered(
    app: Application, service: TestClient, server: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: the page was about another resource"""
    resource = await protected(app, server)
    page = await visitor.authorize(service, resource=resource.identifier, scope=f"{SCOPE} read")
    page = await visitor.sign_in(page, user)
    assert 'action="/consent"' in page.text

    await recreate(app, resource)
    answer = await visitor.submit(page, to="/consent", decision="allow")
    again = await visitor.authorize(service, resource=resource.identifier, scope=f"{SCOPE} read")

    assert answer.status_code == 400
    assert 'action="/consent"' in again.text


async def test_a_device_code_of_before_gets_no_token_for_it(
    app: Application, server: TestClient, user: TestUser, visitor: Visitor
) -> None:
    resource = await protected(app, server)
    device = await start_device(app, scope="openid read", resource=resource.identifier)
    await decide(visitor, device, user)

    await recreate(app, resource)

    assert_oauth_error(await device.ask(), "invalid_target")


async def test_a_device_code_of_before_is_not_shown_nor_approved(
    app: Application, service: TestClient, server: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: the page was about another resource, and so was the consent"""
    client = await device_client(app, grant_types=[DEVICE_CODE, "authorization_code"])
    resource = await protected(app, server)
    form = {"resource": resource.identifier, "scope": "openid read"}
    device = await start_device(app, client, **form)
    page = await question(visitor, device, user)

    await recreate(app, resource)
    await visitor.submit(page, to="/device/decision", decision="allow")
    later = await visitor.get("/device", user_code=device.user_code)
    asked = await visitor.authorize(client, **form)

    assert_oauth_error(await device.ask(), "authorization_pending")
    assert 'action="/device/decision"' not in (await visitor.follow(later)).text
    assert 'action="/consent"' in asked.text


async def test_an_id_token_of_before_is_exchanged_for_nothing_at_it(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 8693 section 2.1"""
    portal = await new_service(app)
    target = await new_service(app)
    await portal.may_call_without_actor(target)
    tokens = await visitor.tokens_for(
        portal.client, user, scope="openid profile write", resource=target.identifier
    )
    form = {"subject_token_type": ID_TOKEN, "resource": target.identifier}
    before = await portal.exchange(tokens["id_token"], **form)

    await recreate(app, target.resource)
    after = await portal.exchange(tokens["id_token"], **form)
    refused = await portal.exchange(tokens["id_token"], **form, scope="read")

    assert set(before.json()["scope"].split()) == {"openid", "profile", "read", "write"}
    assert after.json()["scope"] == "openid profile"
    assert_oauth_error(refused, "invalid_scope")


async def test_a_personal_token_of_before_is_not_valid(
    app: Application, server: TestClient, user: TestUser
) -> None:
    resource = await protected(app, server, allows_personal_tokens=True)
    before = await personal_token(app, user, resource)
    assert await app.is_active(server, before)

    await recreate(app, resource, allows_personal_tokens=True)
    after = await personal_token(app, user, resource)

    assert not await app.is_active(server, before)
    assert await app.is_active(server, after)
