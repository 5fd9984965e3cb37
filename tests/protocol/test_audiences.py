"""Tokens with an audience at our own endpoints, and who may introspect them."""

from dataclasses import replace
from typing import Any

import httpx
import pytest
import pytest_asyncio

from app.models.oauth.resources import Resource
from app.oauth.bearer import Accepts
from app.oauth.dpop.proofs import PresentedProof
from app.repositories.oauth.resources import ResourceRepository
from app.schemas.admin_scopes import AdminScope
from app.services.operations.authority import FULL
from tests.support.application import Application, TestClient, TestUser
from tests.support.events import new_event
from tests.support.jwt import claims_of
from tests.support.parts import services_of
from tests.support.resources import make_default, new_resource, resource_body
from tests.support.visitor import Visitor

PROTECTED = {"OAuth2", "AdminBearer"}
"""The security schemes by which the OpenAPI document says that a route takes an access token."""


@pytest_asyncio.fixture
async def server(app: Application) -> TestClient:
    return await app.create_client()


@pytest_asyncio.fixture
async def resource(app: Application, server: TestClient) -> Resource:
    return await new_resource(app, servers=[server.client_id])


@pytest_asyncio.fixture
async def service(app: Application) -> TestClient:
    return await app.create_client(scope="openid profile email")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def token_for(app: Application, client: TestClient, user: TestUser, **form: str) -> str:
    response = await app.password_grant(client, user, **form)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


async def routes_with_a_token(app: Application) -> list[tuple[str, str]]:
    document = (await app.http.get("/openapi.json")).json()
    return [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if any(PROTECTED & scheme.keys() for scheme in operation.get("security", ()))
    ]


async def call(app: Application, method: str, path: str, token: str) -> httpx.Response:
    """Call a route with a token; the path has values that nothing has."""
    filled = path.replace("{", "").replace("}", "")
    body: Any = {} if method in ("POST", "PUT", "PATCH") and "admin" in path else None
    headers = {**bearer(token), "If-Match": '"1"'}
    return await app.http.request(method, filled, headers=headers, json=body)


async def test_every_endpoint_of_ours_refuses_a_token_for_a_resource(
    app: Application, service: TestClient, resource: Resource, user: TestUser
) -> None:
    """SECURITY_BAR row 36; the routes are those of the OpenAPI document"""
    await services_of(app).clients.administration.set_admin_scopes(
        service.client_id, [AdminScope.ADMIN], authority=FULL
    )
    routes, taken = await routes_with_a_token(app), []

    for number, (method, path) in enumerate(routes):
        if number % 5 == 0:  # wrong tokens at the admin API are limited
            app.clock.advance(seconds=1800)
            token = await token_for(
                app, service, user, resource=resource.identifier, scope="openid profile read"
            )
        if (await call(app, method, path, token)).status_code != 401:
            taken.append((method, path))

    assert {"/userinfo", "/profile", "/admin/api/v1/users"} <= {path for _, path in routes}
    assert len(routes) > 50
    assert taken == []


async def test_the_walk_reaches_every_route_that_takes_a_token(
    app: Application, service: TestClient, user: TestUser
) -> None:
    """With a token without an audience, none of them is 401"""
    token = await token_for(app, service, user, scope="openid profile")

    refused = [
        (method, path)
        for method, path in await routes_with_a_token(app)
        if (await call(app, method, path, token)).status_code == 401
    ]

    assert refused == []


async def test_a_resource_cannot_give_a_scope_of_ours(
    app: Application, service: TestClient, user: TestUser
) -> None:
    """A resource's scope `users:read` at our admin API; it cannot even be stored"""
    made = await new_resource(app, scopes=[{"name": "users.read", "description": "Read"}])
    await make_default(app, service, made)

    token = await token_for(app, service, user, scope="users.read")

    app.clock.advance(seconds=1800)
    for path in ("/admin/api/v1/users", "/profile", "/userinfo"):
        assert (await call(app, "GET", path, token)).status_code == 401


@pytest.mark.both_databases
async def test_grafana_and_spring_use_the_same_token_at_userinfo_and_at_the_api(
    app: Application,
    service: TestClient,
    server: TestClient,
    resource: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    """They never send `resource`; OpenID Connect Core section 5.3"""
    await make_default(app, service, resource)

    tokens = await visitor.tokens_for(service, user, scope="openid profile email")
    claims = await app.http.get("/userinfo", headers=bearer(tokens["access_token"]))
    body = await app.introspect(server, tokens["access_token"])
    profile = await app.profile(tokens["access_token"])

    assert claims.status_code == 200, claims.text
    assert body["active"]
    assert body["aud"] == resource.identifier
    assert claims.json()["sub"] == body["sub"]
    assert tokens["id_token"]
    assert profile.status_code == 401


async def test_userinfo_refuses_a_token_that_is_not_for_the_default_resource(
    app: Application, service: TestClient, resource: Resource, user: TestUser
) -> None:
    """SECURITY_BAR row 36"""
    other = await new_resource(app)
    await make_default(app, service, resource)
    named = await token_for(app, service, user, resource=other.identifier, scope="openid profile")
    without_openid = await token_for(app, service, user, scope="profile read")
    default = await token_for(app, service, user, scope="openid profile read")

    for token in (named, without_openid):
        refused = await app.http.get("/userinfo", headers=bearer(token))
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert (await app.http.get("/userinfo", headers=bearer(default))).status_code == 200
    await make_default(app, service, other)
    app.clock.advance(seconds=11)
    assert (await app.http.get("/userinfo", headers=bearer(default))).status_code == 401


async def test_of_a_token_for_a_resource_only_scopes_of_ours_count_at_userinfo(
    app: Application, service: TestClient, resource: Resource, user: TestUser
) -> None:
    await make_default(app, service, resource)
    token = await token_for(app, service, user, scope="openid email read")

    taken = await services_of(app).oauth.bearer_tokens.authenticate(
        f"Bearer {token}".encode(),
        accepts=Accepts.DEFAULT_RESOURCE,
        query=b"",
        proof=PresentedProof(None, "GET", "/userinfo"),
        certificate=None,
    )

    assert taken.scope == "openid email"


async def test_a_stored_scope_with_a_name_of_ours_is_not_granted_at_a_resource(
    app: Application, server: TestClient, resource: Resource, user: TestUser, visitor: Visitor
) -> None:
    """Not even if another one implies it: it would open claims"""
    client = await app.create_client(scope="openid")
    forged = tuple(
        replace(scope, implies="email") if scope.name == "write" else replace(scope, name="email")
        for scope in resource.scopes
    )
    repository = ResourceRepository(services_of(app).core.database)
    await repository.change(resource, replace(resource, scopes=forged), event=new_event())
    services_of(app).oauth.resource_catalogue.forget()

    tokens = await visitor.tokens_for(
        client, user, scope="openid write", resource=resource.identifier
    )

    assert tokens["scope"] == "openid write"


async def test_a_token_with_an_audience_is_introspected_only_by_the_servers_of_its_resource(
    app: Application, service: TestClient, server: TestClient, resource: Resource, user: TestUser
) -> None:
    """SECURITY_BAR row 39: others see `active: false`, its own client too"""
    stranger, of_other = await app.create_client(), await app.create_client()
    await new_resource(app, servers=[of_other.client_id])
    token = await token_for(app, service, user, resource=resource.identifier)

    seen = await app.introspect(server, token)

    assert seen["active"]
    assert (seen["aud"], seen["iss"]) == (resource.identifier, app.settings.issuer_url)
    for client in (stranger, of_other, service):
        assert await app.introspect(client, token) == {"active": False}


async def test_a_token_without_an_audience_is_introspected_by_any_confidential_client(
    app: Application, service: TestClient, user: TestUser
) -> None:
    """SECURITY_BAR row 39"""
    stranger, token = await app.create_client(), await token_for(app, service, user)

    body = await app.introspect(stranger, token)

    assert body["active"]
    assert "aud" not in body


async def test_a_client_that_is_no_longer_a_server_sees_nothing(
    app: Application, service: TestClient, server: TestClient, resource: Resource, user: TestUser
) -> None:
    """SECURITY_BAR row 39"""
    token = await token_for(app, service, user, resource=resource.identifier)
    assert await app.is_active(server, token)

    await services_of(app).oauth.resources.change(
        resource.name, resource_body(resource.name), authority=FULL
    )

    assert not await app.is_active(server, token)


async def test_introspection_shows_a_server_the_subject_of_the_client_and_no_more(
    app: Application,
    service: TestClient,
    server: TestClient,
    resource: Resource,
    user: TestUser,
    visitor: Visitor,
) -> None:
    """OpenID Connect Core section 8.1: a pairwise client at a resource of others"""
    pairwise = await app.create_client(
        subject_type="pairwise",
        scope="openid profile groups",
        grant_types=["authorization_code", "refresh_token"],
    )
    await visitor.sign_in(await visitor.get("/login"), user)

    bodies = []
    for client in (pairwise, service):
        tokens = await visitor.tokens_for(
            client, user, scope="openid read", resource=resource.identifier
        )
        bodies.append(await app.introspect(server, tokens["access_token"]))
        claims = await claims_of(app, tokens["id_token"], audience=client.client_id)
        assert bodies[-1]["sub"] == claims["sub"]

    assert bodies[0]["sub"] != bodies[1]["sub"]
    assert bodies[1]["username"] == user.username
    assert not {"username", "groups", "roles"} & bodies[0].keys()


async def test_a_token_for_a_resource_is_revoked_by_its_client(
    app: Application, service: TestClient, server: TestClient, resource: Resource, user: TestUser
) -> None:
    """RFC 7009 section 2.1"""
    token = await token_for(app, service, user, resource=resource.identifier)

    await app.revoke(server, token)
    still_active = await app.is_active(server, token)
    await app.revoke(service, token)

    assert still_active
    assert not await app.is_active(server, token)
