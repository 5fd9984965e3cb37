"""HEAD never has an effect (RFC 9110 section 9.2.1)."""

from typing import Any

from app.pages.support.browser import get_browser
from app.routers.admin import PREFIX
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import count, services_of
from tests.support.visitor import Visitor, answer_in, query

WITHOUT_EFFECT = {
    "/assets/{name}",
    "/clients/logo",  # stored with the document
    "/clients/{client_id}/logo",  # fetched at most once in a while, and kept
    "/docs",
    "/docs/assets/{name}",
    "/docs/oauth2-redirect.html",
    "/favicon.ico",
    "/health/live",
    "/health/ready",
    "/jwks",
    "/profile",
    "/qr_code/{username}",
    "/register/{client_id}",
    "/resources/{name}/metadata",
    "/userinfo",
    "/.well-known/change-password",
    "/.well-known/oauth-authorization-server",
    "/.well-known/openid-configuration",
    "/.well-known/webfinger",
    "/openapi.json",
    "/",
}
"""GET routes that read, and change nothing; every other one asks for the browser."""


async def test_head_at_the_authorization_endpoint_issues_no_code(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 28"""
    database = services_of(app).core.database
    await visitor.tokens_for(client, user)
    before = await count(database, "authorization_codes")

    answer = await visitor.http.head(f"/authorize?{query(client)}")

    assert answer.status_code == 200
    assert "location" not in answer.headers
    assert await count(database, "authorization_codes") == before


async def test_head_stores_and_consumes_no_authorization_request(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9126 section 4"""
    database = services_of(app).core.database
    pushed = await app.http.post("/par", content=query(client), headers=FORM, auth=client.auth)
    request_uri = pushed.json()["request_uri"]
    before = await count(database, "authorization_requests")

    await visitor.http.head(f"/authorize?{query(client)}")
    await visitor.http.head(f"/authorize?{query(client, request_uri=request_uri)}")

    assert await count(database, "authorization_requests") == before
    assert "code" in await visitor.answer_for(client, user, request_uri=request_uri)


async def test_head_does_not_sign_the_user_out(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """OpenID Connect RP-Initiated Logout 1.0"""
    hint = (await visitor.tokens_for(client, user))["id_token"]

    await visitor.http.head("/logout", params={"id_token_hint": hint})

    assert "code" in answer_in(await visitor.authorize(client, prompt="none"))


async def test_head_of_an_unknown_path_is_not_found(app: Application) -> None:
    """RFC 9110 section 9.3.2"""
    assert (await app.http.head("/nothing")).status_code == 404


async def test_every_get_route_has_no_effect_or_depends_on_the_browser(
    app: Application,
) -> None:
    """The dependency that every page has is where HEAD ends."""
    assert (await app.http.get(f"{PREFIX}/openapi.json")).status_code == 200  # adds its routes
    routes = _routes(app)

    others = {
        route.path
        for route in routes
        if "GET" in (route.methods or ())
        and not route.path.startswith(PREFIX)
        and not _asks_for_browser(getattr(route, "dependant", None))
    }

    assert len(routes) > 50
    assert others <= WITHOUT_EFFECT


FORM = {"content-type": "application/x-www-form-urlencoded"}


def _routes(app: Application) -> list[Any]:
    edge: Any = app.http._transport.app  # type: ignore[attr-defined]
    found: list[Any] = []
    waiting = list(edge._application.routes)
    while waiting:
        route = waiting.pop()
        below = getattr(getattr(route, "original_router", route), "routes", None)
        if below:
            waiting.extend(below)
        if getattr(route, "methods", None):
            found.append(route)
    return found


def _asks_for_browser(dependant: Any) -> bool:
    if dependant is None:
        return False
    return dependant.call is get_browser or any(map(_asks_for_browser, dependant.dependencies))
