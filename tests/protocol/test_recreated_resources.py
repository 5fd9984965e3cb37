"""A resource that is deleted and created again: nothing that was granted before is valid for it."""

from typing import Any

import pytest
import pytest_asyncio

from app.models.oauth.resources import Resource
from app.services.operations.authority import FULL
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
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


async def recreate(app: Application, resource: Resource) -> None:
    """Delete a resource, and create it again a little later as it was."""
    app.clock.advance(seconds=2)
    await services_of(app).oauth.resources.delete(resource.name, authority=FULL)
    await new_resource(
        app,
        name=resource.name,
        token_format=resource.token_format,
        servers=list(resource.servers),
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
