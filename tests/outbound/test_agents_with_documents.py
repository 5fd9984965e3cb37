"""Clients with metadata documents are agents: on the account page, and when they refresh."""

from typing import Any

import pytest

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_documents import CALLBACK, serve
from tests.support.parts import services_of
from tests.support.peer import HOST, Authority, Peer
from tests.support.visitor import Visitor, answer_in, redeem, text_of, visiting


async def start(start_app: AppFactory, authority: Authority) -> Application:
    return await start_app(outbound_allowed_hosts=HOST, outbound_ca_file=authority.ca_file)


async def tokens_for(visitor: Visitor, agent: TestClient, user: TestUser) -> dict[str, Any]:
    page = await visitor.authorize(
        agent, redirect_uri=CALLBACK, scope="profile offline_access", resource=None
    )
    consent = await visitor.sign_in(page, user)
    code = answer_in(await visitor.allow(consent), at=CALLBACK)["code"]
    answer = await redeem(visitor.app, agent, code, redirect_uri=CALLBACK)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def refresh(app: Application, agent: TestClient, tokens: dict[str, Any]) -> Any:
    return await app.token(
        None,
        grant_type="refresh_token",
        client_id=agent.client_id,
        refresh_token=tokens["refresh_token"],
    )


@pytest.mark.parametrize("path", ["/client.json", f"/{'long' * 100}/client.json"])
async def test_the_account_page_shows_the_host_and_the_last_use(
    start_app: AppFactory, authority: Authority, peer: Peer, path: str
) -> None:
    app = await start(start_app, authority)
    user, agent = await app.enrolled_user(), serve(peer, path, client_name="A coding agent")
    async with visiting(app) as visitor:
        await tokens_for(visitor, agent, user)
        await services_of(app).clients.usage.store()

        agents = text_of(await visitor.get("/account")).split("Agents with access")[1]

    assert "A coding agent" in agents
    assert HOST in agents
    assert "127.0.0.1" in agents


async def test_processes_share_a_refresh_token_for_half_an_hour(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """SECURITY_BAR row 9, as agents have it; the redirect URIs do not decide"""
    app = await start(start_app, authority)
    user, agent = await app.enrolled_user(), serve(peer)
    async with visiting(app) as visitor:
        first = await tokens_for(visitor, agent, user)
    current = (await refresh(app, agent, (await refresh(app, agent, first)).json())).json()
    app.clock.advance(seconds=29 * 60)

    late = await refresh(app, agent, first)
    app.clock.advance(seconds=2 * 60)
    too_late = await refresh(app, agent, first)

    assert late.json()["access_token"] == current["access_token"]
    assert_oauth_error(too_late, "invalid_grant")
