"""Agents are visible: what they may do, when and from where they last did, and how to end it."""

from typing import Any

import pytest

from app.repositories.clients.application_uses import ApplicationUseRepository
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import count, services_of
from tests.support.resources import new_resource
from tests.support.visitor import REDIRECT_URI, Visitor, answer_in, redeem, text_of

SCOPE = "openid offline_access"
AGENTS = "Agents with access to your account"
ALL = "/account/agents/revoke-all"
ONE = "/account/applications/revoke"


async def new_agent(app: Application, **metadata: Any) -> TestClient:
    return await app.create_client(
        token_endpoint_auth_method="none",
        grant_types=["authorization_code", "refresh_token"],
        **metadata,
    )


async def signed_in(visitor: Visitor, user: TestUser) -> None:
    await visitor.sign_in(await visitor.get("/login"), user)


async def tokens_for(
    visitor: Visitor, client: TestClient, *, redirect_uri: str = REDIRECT_URI, **parameters: Any
) -> dict[str, Any]:
    """Return the tokens of a code flow in a browser that is signed in."""
    parameters = {"redirect_uri": redirect_uri, "scope": SCOPE, **parameters}
    page = await visitor.authorize(client, **parameters)
    code = answer_in(await visitor.allow(page), at=redirect_uri)["code"]
    answer = await redeem(visitor.app, client, code, redirect_uri=redirect_uri)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def stored_uses(app: Application) -> None:
    await services_of(app).clients.usage.store()


async def test_a_client_with_access_to_a_resource_for_agents_is_an_agent(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    agent, other = await new_agent(app, client_name="An agent"), await new_agent(app)
    resource = await new_resource(app, agents=True, title="The tools")
    await signed_in(visitor, user)
    await tokens_for(visitor, agent, resource=resource.identifier, scope="read offline_access")
    await tokens_for(visitor, other)
    await stored_uses(app)

    applications, agents = text_of(await visitor.get("/account")).split(AGENTS)

    assert "An agent" in agents
    assert "An agent" not in applications
    assert "The tools" in agents
    assert "127.0.0.1" in agents
    assert "127.0.0.1" in applications.split("Apps with access")[1]


async def test_the_last_use_is_shown_with_its_address_and_written_in_batches(
    app: Application, visitor: Visitor, user: TestUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One write holds the last use of each user and client, however many there were"""
    agent = await new_agent(app)
    await signed_in(visitor, user)
    tokens = await tokens_for(visitor, agent)
    await stored_uses(app)
    written = []
    record = ApplicationUseRepository.record

    async def recording(self: ApplicationUseRepository, uses: Any) -> None:
        written.append(uses)
        await record(self, uses)

    monkeypatch.setattr(ApplicationUseRepository, "record", recording)
    app.clock.advance(seconds=3600)
    for _ in range(5):
        tokens = (await app.refresh(agent, tokens["refresh_token"])).json()
    await stored_uses(app)
    await stored_uses(app)

    page = await visitor.get("/account")

    assert len(written) == 1
    [use] = [use for use in written[0] if use.client_id == agent.client_id]
    assert use.last_used_at == app.clock.now()
    assert app.clock.now().strftime("Last used on %Y-%m-%d %H:%M UTC · 127.0.0.1") in " ".join(
        text_of(page).split()
    )


async def test_agents_are_removed_one_by_one_and_all_at_once(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 30: with their tokens; other apps keep their access"""
    agents, other = [await new_agent(app) for _ in range(3)], await new_agent(app)
    resource = await new_resource(app, agents=True)
    await signed_in(visitor, user)
    tokens = [
        await tokens_for(visitor, agent, resource=resource.identifier, scope="read offline_access")
        for agent in agents
    ]
    of_other = await tokens_for(visitor, other)

    page = await visitor.get("/account")
    await visitor.submit(page, to=ONE, client_id=agents[0].client_id)
    first = [
        await app.refresh(agent, each["refresh_token"])
        for agent, each in zip(agents, tokens, strict=True)
    ]
    page = await visitor.get("/account")
    await visitor.submit(page, to=ALL)
    then = [
        await app.refresh(agent, response.json()["refresh_token"])
        for agent, response in zip(agents[1:], first[1:], strict=True)
    ]

    assert_oauth_error(first[0], "invalid_grant")
    assert [response.status_code for response in first[1:]] == [200, 200]
    for response in then:
        assert_oauth_error(response, "invalid_grant")
    assert (await app.refresh(other, of_other["refresh_token"])).status_code == 200
    assert AGENTS not in (await visitor.get("/account")).text


async def test_one_agent_has_no_button_for_all(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    resource = await new_resource(app, agents=True)
    await signed_in(visitor, user)
    await tokens_for(visitor, await new_agent(app), resource=resource.identifier, scope="read")

    page = await visitor.get("/account")

    assert AGENTS in page.text
    assert ALL not in page.text


async def test_the_uses_of_deleted_users_and_clients_are_not_stored(app: Application) -> None:
    user, client = await app.enrolled_user(), await app.create_client()
    usage, now = services_of(app).clients.usage, app.clock.now()
    await usage.store()
    before = await count(services_of(app).core.database, "application_uses")

    usage.note_token(client.client_id, now, user_id="deleted")
    usage.note_token("deleted", now, user_id=user.username)
    await usage.store()

    assert await count(services_of(app).core.database, "application_uses") == before
