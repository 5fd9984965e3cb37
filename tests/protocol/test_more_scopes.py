"""An agent asks for more scopes later, after a 403 `insufficient_scope` (MCP: step-up).

It requests the union of what it has and what it needs. The tokens of the earlier grant keep their
scopes, and refusing the new ones changes nothing.
"""

from typing import Any

import pytest_asyncio

from app.models.oauth.resources import Resource
from tests.support.application import Application, TestClient, TestUser
from tests.support.resources import new_resource
from tests.support.visitor import Visitor, answer_in, redeem, text_of

ONE = "read offline_access"
UNION = "read write offline_access"


@pytest_asyncio.fixture
async def agent(app: Application) -> TestClient:
    return await app.create_client(
        token_endpoint_auth_method="none", grant_types=["authorization_code", "refresh_token"]
    )


@pytest_asyncio.fixture
async def server(app: Application) -> TestClient:
    return await app.create_client()


@pytest_asyncio.fixture
async def resource(app: Application, server: TestClient) -> Resource:
    return await new_resource(app, agents=True, servers=[server.client_id])


async def tokens_of(visitor: Visitor, agent: TestClient, page: Any) -> dict[str, Any]:
    answer = await redeem(visitor.app, agent, answer_in(await visitor.allow(page))["code"])
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def first_grant(
    visitor: Visitor, agent: TestClient, user: TestUser, resource: Resource
) -> dict[str, Any]:
    page = await visitor.authorize(agent, scope=ONE, resource=resource.identifier)
    return await tokens_of(visitor, agent, await visitor.sign_in(page, user))


async def refreshed(app: Application, agent: TestClient, tokens: dict[str, Any]) -> dict[str, Any]:
    answer = await app.refresh(agent, tokens["refresh_token"])
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def scopes_at(app: Application, server: TestClient, token: str) -> set[str]:
    introspected = await app.introspect(server, token)
    assert introspected["active"]
    return set(introspected["scope"].split())


async def test_the_consent_page_marks_what_is_new(
    app: Application, visitor: Visitor, agent: TestClient, user: TestUser, resource: Resource
) -> None:
    """What was allowed before is listed too, without a mark"""
    await first_grant(visitor, agent, user, resource)

    page = await visitor.authorize(agent, scope=UNION, resource=resource.identifier)

    read, write = (scope.text_in("en") for scope in resource.scopes)
    said = " ".join(text_of(page).split())
    assert f"{read} new" not in said
    assert f"{write} new" in said
    assert read in said


async def test_the_new_tokens_have_the_union_and_the_earlier_ones_stay_as_they_are(
    app: Application,
    visitor: Visitor,
    agent: TestClient,
    server: TestClient,
    user: TestUser,
    resource: Resource,
) -> None:
    before = await first_grant(visitor, agent, user, resource)

    page = await visitor.authorize(agent, scope=UNION, resource=resource.identifier)
    after = await tokens_of(visitor, agent, page)

    assert {"read", "write"} <= await scopes_at(app, server, after["access_token"])
    assert "write" not in await scopes_at(app, server, before["access_token"])
    earlier = await refreshed(app, agent, before)
    assert "write" not in await scopes_at(app, server, earlier["access_token"])


async def test_cancel_changes_nothing(
    app: Application,
    visitor: Visitor,
    agent: TestClient,
    server: TestClient,
    user: TestUser,
    resource: Resource,
) -> None:
    before = await first_grant(visitor, agent, user, resource)
    page = await visitor.authorize(agent, scope=UNION, resource=resource.identifier)

    refused = await visitor.submit(page, to="/consent", decision="deny")

    assert answer_in(await visitor.follow(refused))["error"] == "access_denied"
    assert await scopes_at(app, server, before["access_token"]) >= {"read"}
    assert "write" not in await scopes_at(
        app, server, (await refreshed(app, agent, before))["access_token"]
    )


async def test_a_broader_scope_brings_the_narrower_ones_that_it_implies(
    app: Application,
    visitor: Visitor,
    agent: TestClient,
    server: TestClient,
    user: TestUser,
    resource: Resource,
) -> None:
    """As the catalogue declares it: `write` implies `read`"""
    page = await visitor.authorize(agent, scope="write", resource=resource.identifier)

    tokens = await tokens_of(visitor, agent, await visitor.sign_in(page, user))

    assert await scopes_at(app, server, tokens["access_token"]) == {"read", "write"}
