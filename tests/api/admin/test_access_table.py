"""Every endpoint of the admin API by each kind of caller, from the routes that there are."""

import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import pytest
import pytest_asyncio
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.routers.admin.registry import ADMIN_ROUTERS
from app.routers.admin.routes import AdminRoute
from app.schemas.admin_scopes import AdminScope
from tests.support.admin_api import ADMIN_TOKEN, PREFIX, AdminApi
from tests.support.administration import list_admin_scopes, make
from tests.support.application import Application, running_application
from tests.support.databases import Databases
from tests.support.visitor import visiting

UNKNOWN = "0" * 32
ALL_SCOPES = [scope.value for scope in AdminScope]


class Endpoint(NamedTuple):
    method: str
    path: str
    scope: str

    @property
    def url(self) -> str:
        return re.sub(r"{\w+}", UNKNOWN, self.path)


def endpoints() -> list[Endpoint]:
    """Return what the routes declare."""
    document = get_openapi(
        title="t",
        version="1",
        routes=[route for router in ADMIN_ROUTERS for route in router.routes],
    )
    return [
        Endpoint(method.upper(), path, *operation["security"][0]["AdminBearer"])
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


ENDPOINTS = endpoints()
EACH = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")


class Tokens(NamedTuple):
    app: Application
    of_user: str
    of_auditor: str
    without: dict[str, str]
    """For each scope, a token with all other ones."""
    of_scope: dict[str, str]


@pytest_asyncio.fixture(scope="module")
async def tokens(databases: Databases, database_kind: str) -> AsyncIterator[Tokens]:
    url = await databases.migrated(database_kind)
    async with running_application(url, admin_token=ADMIN_TOKEN, admin_api_limit=1_000_000) as app:
        client = await app.create_client()
        await list_admin_scopes(app, client, *ALL_SCOPES)
        user, auditor = await app.enrolled_user(), await app.enrolled_user()
        await make(app, auditor, "auditor")

        async def issued(*scopes: str) -> str:
            response = await app.client_credentials(client, scope=" ".join(scopes))
            return str(response.json()["access_token"])

        async with visiting(app) as visitor:
            of_auditor = await visitor.tokens_for(client, auditor, scope=" ".join(ALL_SCOPES))
        finer = [scope for scope in ALL_SCOPES if scope != "admin"]
        yield Tokens(
            app,
            of_user=(await app.password_grant(client, user)).json()["access_token"],
            of_auditor=of_auditor["access_token"],
            without={
                scope: await issued(*(each for each in finer if each != scope))
                for scope in ALL_SCOPES
            },
            of_scope={scope: await issued(scope) for scope in ALL_SCOPES},
        )


async def status(tokens: Tokens, endpoint: Endpoint, token: str | None) -> int:
    response = await AdminApi(tokens.app, token).request(endpoint.method, endpoint.url)
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"
    return response.status_code


def test_every_route_of_the_admin_api_declares_one_scope() -> None:
    routes = {
        (method, route.path_format)
        for router in ADMIN_ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and route.include_in_schema
        for method in route.methods
    }

    assert routes == {(method, path) for method, path, _ in ENDPOINTS}
    assert {scope for *_, scope in ENDPOINTS} <= set(ALL_SCOPES)
    for router in ADMIN_ROUTERS:
        assert all(
            isinstance(route, AdminRoute)
            for route in router.routes
            if isinstance(route, APIRoute) and route.include_in_schema
        )


@EACH
def test_what_reads_needs_a_scope_that_reads(endpoint: Endpoint) -> None:
    reads = endpoint.method == "GET"

    assert AdminScope(endpoint.scope).changes is not reads


@EACH
async def test_without_a_token(tokens: Tokens, endpoint: Endpoint) -> None:
    assert await status(tokens, endpoint, None) == 401


@EACH
async def test_with_a_wrong_token(app: Application, endpoint: Endpoint) -> None:
    wrong = AdminApi(app, "postern_at_wrong")
    statuses = {(await wrong.request(endpoint.method, endpoint.url)).status_code}

    assert statuses <= {401, 429}


@EACH
async def test_with_the_token_of_a_user(tokens: Tokens, endpoint: Endpoint) -> None:
    assert await status(tokens, endpoint, tokens.of_user) == 403


@EACH
async def test_with_every_other_scope(tokens: Tokens, endpoint: Endpoint) -> None:
    assert await status(tokens, endpoint, tokens.without[endpoint.scope]) == 403


@EACH
async def test_with_its_scope_or_admin(tokens: Tokens, endpoint: Endpoint) -> None:
    for token in (tokens.of_scope[endpoint.scope], tokens.of_scope["admin"], ADMIN_TOKEN):
        assert await status(tokens, endpoint, token) not in (401, 403, 405, 500)


@EACH
async def test_with_the_token_of_an_auditor(tokens: Tokens, endpoint: Endpoint) -> None:
    is_refused = await status(tokens, endpoint, tokens.of_auditor) == 403

    assert is_refused is AdminScope(endpoint.scope).changes


@pytest_asyncio.fixture(scope="module")
async def app_without(databases: Databases, database_kind: str) -> AsyncIterator[Application]:
    url = await databases.migrated(database_kind)
    async with running_application(url, admin_token=ADMIN_TOKEN, admin_api=False) as app:
        yield app


@EACH
async def test_with_the_admin_api_off(app_without: Application, endpoint: Endpoint) -> None:
    response = await AdminApi(app_without).request(endpoint.method, endpoint.url)

    assert response.status_code == 404


async def test_with_the_admin_api_off_it_is_not_described(app_without: Application) -> None:
    document: dict[str, Any] = (await app_without.http.get("/openapi.json")).json()

    assert not [path for path in document["paths"] if path.startswith(PREFIX)]
    assert (await app_without.http.get(f"{PREFIX}/openapi.json")).status_code == 404
