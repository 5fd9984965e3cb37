"""Each kind of token at introspection: by the servers of its resource, its client and others."""

from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from app.oauth.exchange.token_types import TOKEN_EXCHANGE
from app.services.operations.authority import FULL
from tests.support.administration import set_policies
from tests.support.application import Application, TestClient, TestUser
from tests.support.dpop import prover
from tests.support.exchange import exchange_form
from tests.support.parts import services_of
from tests.support.resources import new_resource, resource_body
from tests.support.visitor import Visitor

INACTIVE = {"active": False}
GRANT_TYPES = [
    "authorization_code",
    "client_credentials",
    "password",
    "refresh_token",
    TOKEN_EXCHANGE,
]
KINDS = ("of a client", "of a user", "bound", "exchanged", "refresh token", "personal")


class World(NamedTuple):
    """A resource with its server, a client with tokens for it, and others."""

    app: Application
    user: TestUser
    visitor: Visitor
    name: str
    identifier: str
    client: TestClient
    server: TestClient
    others: dict[str, TestClient]


@pytest_asyncio.fixture(params=["opaque", "jwt"])
async def world(
    app: Application, user: TestUser, visitor: Visitor, request: pytest.FixtureRequest
) -> World:
    scope = "openid profile offline_access"
    client = await app.create_client(grant_types=GRANT_TYPES, scope=scope)
    server, of_other, stranger = [await app.create_client() for _ in range(3)]
    resource = await new_resource(
        app,
        token_format=request.param,
        servers=[server.client_id],
        allows_personal_tokens=True,
    )
    await new_resource(app, token_format=request.param, servers=[of_other.client_id])
    await set_policies(
        app,
        client,
        token_exchange={"targets": [resource.name], "targets_without_actor": [resource.name]},
    )
    others = {"the server of another resource": of_other, "a stranger": stranger}
    return World(app, user, visitor, resource.name, resource.identifier, client, server, others)


async def issued(world: World, kind: str) -> str:
    """Return a token of a kind for the resource."""
    app, client, form = world.app, world.client, {"resource": world.identifier}
    if kind == "personal":
        services = services_of(app)
        owner = await services.accounts.users.get(world.user.username)
        return await services.oauth.personal_tokens.create(
            owner, name="script", resource_name=world.name, scopes=["read"], days=1
        )
    if kind == "of a client":
        response = await app.client_credentials(client, **form)
    elif kind == "bound":
        response = await prover(app).client_credentials(client, **form)
    elif kind == "of a user":
        response = await app.password_grant(client, world.user, scope="profile read", **form)
    elif kind == "exchanged":
        subject = await app.password_grant(client, world.user, scope="profile")
        token = subject.json()["access_token"]
        response = await app.token(client, **exchange_form(token, scope="profile", **form))
    else:
        tokens: dict[str, Any] = await world.visitor.tokens_for(
            client, world.user, scope="openid read offline_access", **form
        )
        return str(tokens["refresh_token"])
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


@pytest.mark.parametrize("kind", KINDS)
async def test_only_the_servers_of_its_resource_see_a_token(world: World, kind: str) -> None:
    """RFC 7662 section 4; SECURITY_BAR row 39: a refresh token is for its own client only"""
    token = await issued(world, kind)
    viewer = world.client if kind == "refresh token" else world.server
    blind = {"the server": world.server, "its client": world.client, **world.others}

    seen = await world.app.introspect(viewer, token)

    assert seen["active"] is True
    assert seen["aud"] in (world.identifier, [world.identifier])
    for name, client in blind.items():
        if client is not viewer:
            assert await world.app.introspect(client, token) == INACTIVE, name


@pytest.mark.parametrize("kind", KINDS)
async def test_a_client_that_stopped_to_be_the_server_sees_no_token(
    world: World, kind: str
) -> None:
    """SECURITY_BAR row 39: the list of the resource is read each time"""
    token = await issued(world, kind)
    resources = services_of(world.app).oauth.resources
    before = await resources.get(world.name)
    body = resource_body(
        world.name, token_format=before.token_format, allows_personal_tokens=True, servers=[]
    )

    await resources.change(world.name, body, authority=FULL)

    assert await world.app.introspect(world.server, token) == INACTIVE
