"""Clients with metadata documents are agents: on the account page, and when they refresh."""

import pytest

from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error
from tests.support.client_documents import CALLBACK, answer_of, assertion_of, serve, tokens_for
from tests.support.client_jwts import signing_key
from tests.support.parts import services_of
from tests.support.peer import HOST, Authority, Peer
from tests.support.visitor import redeem, text_of, visiting

SCOPE = "profile offline_access"


async def start(start_app: AppFactory, authority: Authority) -> Application:
    return await start_app(outbound_allowed_hosts=HOST, outbound_ca_file=authority.ca_file)


@pytest.mark.parametrize("path", ["/client.json", f"/{'long' * 100}/client.json"])
async def test_the_account_page_shows_the_host_and_the_last_use(
    start_app: AppFactory, authority: Authority, peer: Peer, path: str
) -> None:
    app = await start(start_app, authority)
    user, agent = await app.enrolled_user(), serve(peer, path, client_name="A coding agent")
    async with visiting(app) as visitor:
        await tokens_for(visitor, agent, user, scope=SCOPE)
        await services_of(app).clients.usage.store()

        agents = text_of(await visitor.get("/account")).split("Agents with access")[1]

    assert "A coding agent" in agents
    assert HOST in agents
    assert "127.0.0.1" in agents


async def test_an_agent_with_keys_gets_a_refresh_token_if_it_asks_for_offline_access(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """MCP: without the grant in its document, too; it then has to authenticate for each refresh"""
    app = await start(start_app, authority)
    key, user = signing_key(), await app.enrolled_user()
    agent = serve(
        peer,
        grant_types=["authorization_code"],
        token_endpoint_auth_method="private_key_jwt",
        jwks={"keys": [key.public]},
    )
    tokens = []
    async with visiting(app) as visitor:
        for scope in ("profile", SCOPE):
            page = await visitor.authorize(agent, redirect_uri=CALLBACK, scope=scope)
            if 'action="/login"' in page.text:
                page = await visitor.sign_in(page, user)
            code = answer_of(await visitor.allow(page))["code"]
            proof = assertion_of(app, agent, key)
            response = await redeem(app, agent, code, redirect_uri=CALLBACK, **proof)
            tokens.append(response.json())
    form = {"grant_type": "refresh_token", "client_id": agent.client_id}
    form["refresh_token"] = tokens[1]["refresh_token"]

    unproven = await app.token(None, **form)
    refreshed = await app.token(None, **form, **assertion_of(app, agent, key))

    assert "refresh_token" not in tokens[0]
    assert_oauth_error(unproven, "invalid_client", status=401)
    assert refreshed.status_code == 200, refreshed.text


async def test_processes_share_a_refresh_token_for_half_an_hour(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """SECURITY_BAR row 9, as agents have it; the redirect URIs do not decide"""
    app = await start(start_app, authority)
    user, agent = await app.enrolled_user(), serve(peer)
    async with visiting(app) as visitor:
        first = await tokens_for(visitor, agent, user, scope=SCOPE)
    current = (
        await app.refresh(
            agent, (await app.refresh(agent, first["refresh_token"])).json()["refresh_token"]
        )
    ).json()
    app.clock.advance(seconds=29 * 60)

    late = await app.refresh(agent, first["refresh_token"])
    app.clock.advance(seconds=2 * 60)
    too_late = await app.refresh(agent, first["refresh_token"])

    assert late.json()["access_token"] == current["access_token"]
    assert_oauth_error(too_late, "invalid_grant")
