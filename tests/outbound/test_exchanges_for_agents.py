"""Token exchange (RFC 8693) of the tokens of clients with metadata documents, which are not in the
table of clients."""

from typing import NamedTuple

import pytest

from app.oauth.exchange.token_types import ACCESS_TOKEN
from app.services.operations.authority import FULL
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient
from tests.support.assertions import assert_oauth_error
from tests.support.client_documents import serve, tokens_for
from tests.support.exchange import Service, new_service
from tests.support.parts import services_of
from tests.support.peer import HOST, Authority, Peer
from tests.support.visitor import visiting


class Served(NamedTuple):
    """A service for agents, the one behind it, and the token of an agent for the first one."""

    app: Application
    agent: TestClient
    front: Service
    back: Service
    token: str


async def new_served(
    start_app: AppFactory,
    authority: Authority,
    peer: Peer,
    *,
    path: str = "/client.json",
    token_format: str = "opaque",
) -> Served:
    app = await start_app(outbound_allowed_hosts=HOST, outbound_ca_file=authority.ca_file)
    user, agent = await app.enrolled_user(), serve(peer, path)
    front = await new_service(app, token_format=token_format, agents=True)
    back = await new_service(app, token_format=token_format)
    await front.may_call(back)
    async with visiting(app) as visitor:
        tokens = await tokens_for(visitor, agent, user, scope="read", resource=front.identifier)
    return Served(app, agent, front, back, tokens["access_token"])


@pytest.mark.parametrize("token_format", ["opaque", "jwt"])
@pytest.mark.parametrize("path", ["/client.json", f"/{'long' * 100}/client.json"])
async def test_a_service_exchanges_the_token_of_an_agent(
    start_app: AppFactory, authority: Authority, peer: Peer, path: str, token_format: str
) -> None:
    """RFC 8693 section 2.1: whatever the length of the URL, which may be stored as a digest"""
    served = await new_served(start_app, authority, peer, path=path, token_format=token_format)

    token = await served.front.call(served.back, served.token)

    body = await served.back.introspect(token)
    front = served.front.client_id
    assert (body["active"], body["client_id"]) == (True, front)
    assert body["act"] == {"sub": front, "client_id": front}


async def test_what_was_exchanged_ends_with_the_host_of_the_agent(
    start_app: AppFactory, authority: Authority, peer: Peer
) -> None:
    """Blocking a host ends the tokens of its clients, and those that were got for them"""
    served = await new_served(start_app, authority, peer)
    token = await served.front.call(served.back, served.token)
    await services_of(served.app).clients.blocked_hosts.block(HOST, authority=FULL)

    again = await served.front.exchange(
        served.token,
        resource=served.back.identifier,
        actor_token=await served.front.own_token(),
        actor_token_type=ACCESS_TOKEN,
    )

    assert_oauth_error(again, "invalid_request")
    assert await served.back.introspect(token) == {"active": False}
    await services_of(served.app).clients.blocked_hosts.unblock(HOST, authority=FULL)
    assert await served.back.introspect(token) == {"active": False}
