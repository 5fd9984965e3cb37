"""The documents of well-known MCP clients: a sign-in in Chromium, tokens and a refresh."""

import json
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.foreign.agents import ServerForAgents, protect, server_for_agents
from tests.foreign.browsing import browsing
from tests.support.client_documents import (
    DOCUMENTS,
    assertion_of,
    redirect_uri_of,
    scope_for,
    serve_known,
)
from tests.support.client_jwts import signing_key
from tests.support.jwt import verified
from tests.support.peer import Answer
from tests.support.visitor import query, redeem

pytestmark = pytest.mark.slow
RESOURCE = "https://mcp.example.com/mcp"
KEY = signing_key("RS256")


@pytest_asyncio.fixture(scope="module")
async def agents(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ServerForAgents]:
    async with server_for_agents(tmp_path_factory.mktemp("server")) as made:
        await protect(made.server, made.app, RESOURCE, name="files", scopes={"read": "Read files"})
        made.peer.answers["/oauth/c0ffee01/jwks.json"] = Answer(json.dumps({"keys": [KEY.public]}))
        yield made


@pytest.mark.parametrize("name", DOCUMENTS)
async def test_a_client_signs_in_with_its_document_and_refreshes(
    agents: ServerForAgents, browser: Browser, name: str
) -> None:
    """MCP 2026-07-28, Client ID Metadata Documents; RFC 7523 section 2.2 for ChatGPT's"""
    server, app, peer = agents
    client, members = serve_known(peer, name)
    redirect_uri = redirect_uri_of(members)
    issuer = f"http://localhost:{server.port}"

    def proof() -> dict[str, str]:
        if members["token_endpoint_auth_method"] == "none":
            return {}
        return assertion_of(app, client, KEY, issuer=issuer)

    async def refresh(token: str, **form: str) -> httpx.Response:
        values = {"grant_type": "refresh_token", "refresh_token": token, **form}
        return await app.token(None, client_id=client.client_id, **values)

    async with browsing(browser, server, app) as person:
        answers = await person.answers_at(redirect_uri)
        scope = scope_for(members, "read")
        asked = query(client, redirect_uri=redirect_uri, resource=RESOURCE, scope=scope)
        await person.open(f"{issuer}/authorize?{asked}", at=redirect_uri)
    answer = parse_qs(urlsplit(answers[0]).query)
    form = {"redirect_uri": redirect_uri, "resource": RESOURCE}
    tokens = await redeem(app, client, answer["code"][0], **form, **proof())

    assert f"it is {members['client_name']} — we haven't verified it." in person.consents[0]
    assert "Read files" in person.consents[0]
    assert answer["iss"] == [issuer]
    assert tokens.status_code == 200, tokens.text
    claims = await verified(app, tokens.json()["access_token"])
    assert (claims["client_id"], claims["aud"]) == (client.client_id, RESOURCE)
    token = tokens.json()["refresh_token"]
    refreshed = await refresh(token, **proof())
    assert refreshed.status_code == 200, refreshed.text
    assert refreshed.json()["access_token"] != tokens.json()["access_token"]
    if proof():
        assert (await refresh(refreshed.json()["refresh_token"])).status_code == 401
