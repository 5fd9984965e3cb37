"""A resource asks for a stronger or a newer sign-in, and the client gets it (RFC 9470).

The resource is played by the test: it reads `acr` and `auth_time` of the token, at introspection or
in the JWT, and answers with the challenge of section 3.
"""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from app.services.accounts.sessions import ACR_MFA, ACR_PASSWORD
from tests.conftest import AppFactory
from tests.protocol.jwt_resources import Api, verified
from tests.support.application import Application, TestClient, TestUser
from tests.support.resources import new_resource
from tests.support.visitor import Visitor, answer_in, redeem, visiting

PARAMETER = re.compile(r'(\w+)="([^"]*)"')


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app(remember_browser_days=30)


@pytest_asyncio.fixture
async def service(app: Application) -> TestClient:
    return await app.create_client(scope="openid profile")


@pytest_asyncio.fixture(params=["opaque", "jwt"])
async def api(app: Application, request: pytest.FixtureRequest) -> Api:
    server = await app.create_client()
    resource = await new_resource(app, token_format=request.param, servers=[server.client_id])
    return Api(resource, server)


@pytest_asyncio.fixture
async def remembered(app: Application, user: TestUser) -> AsyncIterator[Visitor]:
    """A trusted browser, in which the user gives the password only."""
    async with visiting(app) as visitor:
        app.clock.advance(seconds=60)
        page = await visitor.give_password(await visitor.get("/login"), user)
        code = app.code(user)
        await visitor.submit(page, to="/login/otp", code=code, remember_browser="1")
        visitor.http.cookies.delete("postern_sessions")
        yield visitor


async def stated(app: Application, api: Api, token: str) -> dict[str, Any]:
    """Return what the resource learns about a token."""
    if api.resource.token_format == "jwt":
        return await verified(app, token, api)
    body: dict[str, Any] = await app.introspect(api.server, token)
    return body


async def challenge_of(
    app: Application, api: Api, token: str, *, acr: str | None = None, max_age: int | None = None
) -> str | None:
    """Return the WWW-Authenticate header with which the resource refuses a token, or None."""
    claims = await stated(app, api, token)
    age = int(app.clock.now().timestamp()) - claims["auth_time"]
    if acr not in (None, claims["acr"]):
        return f'Bearer error="insufficient_user_authentication", acr_values="{acr}"'
    if max_age is not None and age > max_age:
        return f'Bearer error="insufficient_user_authentication", max_age="{max_age}"'
    return None


def asked_by(challenge: str | None) -> dict[str, str]:
    """Return the parameters that the client takes from the challenge (section 4)."""
    found = dict(PARAMETER.findall(challenge or ""))
    assert found.pop("error") == "insufficient_user_authentication"
    return found


async def test_a_client_steps_up_to_the_acr_that_a_resource_demands(
    app: Application, service: TestClient, api: Api, user: TestUser, remembered: Visitor
) -> None:
    """RFC 9470 sections 3 to 6"""
    request = {"resource": api.identifier, "scope": "openid read"}
    page = await remembered.give_password(await remembered.authorize(service, **request), user)
    code = answer_in(await remembered.allow(page))["code"]
    weak = (await redeem(app, service, code)).json()["access_token"]
    assert (await stated(app, api, weak))["acr"] == ACR_PASSWORD

    challenge = asked_by(await challenge_of(app, api, weak, acr=ACR_MFA))
    app.clock.advance(seconds=60)
    otp_page = await remembered.authorize(service, **request, **challenge)
    answered = await remembered.follow(
        await remembered.submit(otp_page, to="/login/otp", code=app.code(user))
    )
    strong = (await redeem(app, service, answer_in(answered)["code"])).json()["access_token"]

    assert challenge == {"acr_values": ACR_MFA}
    assert (await stated(app, api, strong))["acr"] == ACR_MFA
    assert await challenge_of(app, api, strong, acr=ACR_MFA) is None
    assert (await stated(app, api, weak))["acr"] == ACR_PASSWORD


async def test_a_client_gets_the_newer_sign_in_that_a_resource_demands(
    app: Application, service: TestClient, api: Api, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9470 section 4: `max_age`; a refresh would not do, since it is no sign-in"""
    request = {"resource": api.identifier, "scope": "openid read offline_access"}
    client = await app.create_client(scope="openid offline_access")
    first = await visitor.tokens_for(client, user, **request)
    app.clock.advance(seconds=120)

    challenge = asked_by(await challenge_of(app, api, first["access_token"], max_age=60))
    refreshed = (await app.refresh(client, first["refresh_token"])).json()["access_token"]
    after_refresh = await challenge_of(app, api, refreshed, max_age=60)
    again = await visitor.tokens_for(client, user, **request, **challenge)

    assert challenge == {"max_age": "60"}
    assert after_refresh is not None
    assert await challenge_of(app, api, again["access_token"], max_age=60) is None


async def test_an_acr_that_the_user_cannot_reach_is_refused_by_name(
    service: TestClient, api: Api, remembered: Visitor, user: TestUser
) -> None:
    """RFC 9470 section 5: `unmet_authentication_requirements` for an essential value"""
    await remembered.give_password(await remembered.get("/login"), user)
    claims = '{"id_token": {"acr": {"essential": true, "values": ["urn:gold"]}}}'

    answer = answer_in(await remembered.authorize(service, resource=api.identifier, claims=claims))

    assert answer["error"] == "unmet_authentication_requirements"
