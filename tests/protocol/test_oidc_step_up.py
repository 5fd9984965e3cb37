"""A further factor where a client asks for it (OpenID Connect Core 3.1.2.1 and 5.5.1.1)."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import update

from app.models.accounts.users import users
from app.wiring import build_services
from tests.support.application import Application, TestClient, TestUser, running_application
from tests.support.databases import Databases
from tests.support.jwt import claims_of
from tests.support.visitor import Visitor, answer_in, redeem, visiting

PASSWORD, MFA = "urn:postern:acr:password", "urn:postern:acr:mfa"
ESSENTIAL = json.dumps({"id_token": {"acr": {"essential": True, "values": [MFA]}}})
VOLUNTARY = json.dumps({"id_token": {"acr": {"values": [MFA]}}})
WAYS_TO_ASK: list[dict[str, Any]] = [
    {"acr_values": MFA},
    {"acr_values": f"{MFA} {PASSWORD}"},
    {"acr_values": f"urn:gold {MFA}"},
    {"claims": VOLUNTARY},
    {"claims": ESSENTIAL},
]


@pytest_asyncio.fixture(scope="module")
async def app(databases: Databases, database_kind: str) -> AsyncIterator[Application]:
    url = await databases.migrated(database_kind)
    async with running_application(url, remember_browser_days=30) as application:
        yield application


@pytest_asyncio.fixture
async def visitor(app: Application, user: TestUser, client: TestClient) -> AsyncIterator[Visitor]:
    """Signed in by the password alone, in a remembered browser; has allowed the client."""
    async with visiting(app) as made:
        await remember(made, user)
        made.http.cookies.delete("postern_sessions")
        page = await made.give_password(await made.authorize(client), user)
        await made.allow(page)
        yield made


async def remember(visitor: Visitor, user: TestUser) -> None:
    visitor.app.clock.advance(seconds=60)
    page = await visitor.give_password(await visitor.get("/login"), user)
    code = visitor.app.code(user)
    await visitor.submit(page, to="/login/otp", code=code, remember_browser="1")


async def give_code(visitor: Visitor, page: httpx.Response, user: TestUser) -> httpx.Response:
    visitor.app.clock.advance(seconds=60)
    code = visitor.app.code(user)
    return await visitor.follow(await visitor.submit(page, to="/login/otp", code=code))


async def claims_for(
    app: Application, client: TestClient, answer: httpx.Response
) -> dict[str, Any]:
    tokens = (await redeem(app, client, answer_in(answer)["code"])).json()
    return await claims_of(app, tokens["id_token"], audience=client.client_id)


@pytest.mark.parametrize("asked", WAYS_TO_ASK)
async def test_a_user_signed_in_with_a_password_is_asked_only_for_the_code(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, asked: dict[str, Any]
) -> None:
    page = await visitor.authorize(client, **asked)
    assert page.url.path == "/login/otp"

    claims = await claims_for(app, client, await give_code(visitor, page, user))

    assert claims["acr"] == MFA
    assert set(claims["amr"]) == {"pwd", "otp", "mfa"}


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"acr_values": PASSWORD},
        {"acr_values": f"{PASSWORD} {MFA}"},
        {"acr_values": "urn:gold"},
        {"claims": json.dumps({"id_token": {"acr": {"essential": True, "value": PASSWORD}}})},
    ],
)
async def test_no_step_up_is_required_where_the_password_is_sufficient(
    app: Application, client: TestClient, visitor: Visitor, asked: dict[str, Any]
) -> None:
    claims = await claims_for(app, client, await visitor.authorize(client, **asked))

    assert claims["acr"] == PASSWORD


async def test_step_up_preserves_the_session_and_its_auth_time(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """A `max_age` still counts from the password"""
    before = await claims_for(app, client, await visitor.authorize(client))
    old_cookie = visitor.http.cookies["postern_sessions"]
    app.clock.advance(seconds=300)

    page = await visitor.authorize(client, acr_values=MFA)
    after = await claims_for(app, client, await give_code(visitor, page, user))

    assert after["sid"] == before["sid"]
    assert after["auth_time"] == before["auth_time"]
    assert visitor.http.cookies["postern_sessions"] != old_cookie
    again = await visitor.authorize(client, max_age=300)
    assert again.url.path == "/login"


async def test_step_up_is_required_only_once(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await give_code(visitor, await visitor.authorize(client, acr_values=MFA), user)

    claims = await claims_for(app, client, await visitor.authorize(client, claims=ESSENTIAL))

    assert claims["acr"] == MFA


async def test_a_user_signed_in_with_both_factors_needs_no_step_up(
    app: Application, client: TestClient, user: TestUser
) -> None:
    async with visiting(app) as visitor:
        await visitor.tokens_for(client, user)

        claims = await claims_for(app, client, await visitor.authorize(client, acr_values=MFA))

    assert claims["acr"] == MFA


async def test_a_new_sign_in_in_a_trusted_browser_requires_both_factors(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """What is remembered never counts as a factor"""
    page = await visitor.authorize(client, acr_values=MFA, prompt="login")
    assert page.url.path == "/login"

    page = await visitor.give_password(page, user)
    assert page.url.path == "/login/otp"
    claims = await claims_for(app, client, await give_code(visitor, page, user))

    assert claims["acr"] == MFA


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"acr_values": MFA}, "login_required"),
        ({"claims": VOLUNTARY}, "login_required"),
        ({"claims": ESSENTIAL}, "unmet_authentication_requirements"),
    ],
)
async def test_prompt_none_returns_an_error_where_step_up_is_required(
    client: TestClient, visitor: Visitor, asked: dict[str, Any], error: str
) -> None:
    """SECURITY_BAR row 29; Unmet Authentication Requirements 1.0"""
    answer = answer_in(await visitor.authorize(client, prompt="none", **asked))

    assert answer["error"] == error
    assert answer["state"] == "a-state"


async def test_an_unknown_essential_acr_is_refused(client: TestClient, visitor: Visitor) -> None:
    claims = json.dumps({"id_token": {"acr": {"essential": True, "values": ["urn:gold"]}}})

    answer = answer_in(await visitor.authorize(client, claims=claims))

    assert answer["error"] == "unmet_authentication_requirements"


async def test_a_wrong_code_does_not_step_up_the_session(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    page = await visitor.authorize(client, claims=ESSENTIAL)

    answer = await visitor.submit(page, to="/login/otp", code="000000")

    assert answer.status_code == 400
    silent = await visitor.authorize(client, claims=ESSENTIAL, prompt="none")
    assert answer_in(silent)["error"] == "unmet_authentication_requirements"


async def test_a_step_up_is_bound_to_its_session_and_browser(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    page = await visitor.authorize(client, acr_values=MFA)
    sealed = visitor.http.cookies["postern_sign_in"]
    visitor.http.cookies.delete("postern_sessions")  # signed out meanwhile

    answer = await give_code(visitor, page, user)
    async with visiting(app) as elsewhere:
        await elsewhere.get("/login")
        elsewhere.http.cookies.set("postern_sign_in", sealed)
        there = await elsewhere.get("/login/otp")

    assert answer.url.path == "/login"
    assert there.headers["location"] == "/login"


async def test_a_user_without_a_second_factor_enrols_one(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    services = build_services(app.settings, app.clock)
    await services.core.database.change(
        update(users)
        .where(users.c.username == user.username)
        .values(otp_confirmed_at=None, otp_secret=None, otp_last_step=None)
    )
    await services.close()

    page = await visitor.authorize(client, acr_values=MFA)
    assert page.url.path == "/login/enroll"
    shown = page.text.partition('id="secret" dir="ltr">')[2].partition("<")[0]
    person = TestUser(user.username, user.password, "".join(shown.split()))
    claims = await claims_for(app, client, await visitor.enroll(page, app.code(person)))

    assert claims["acr"] == MFA


async def test_the_step_up_page_redirects_where_no_step_up_is_required(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    async with visiting(app) as stranger:
        assert (await stranger.get("/login/step-up")).headers["location"] == "/login"
    await give_code(visitor, await visitor.authorize(client, acr_values=MFA), user)

    answer = await visitor.get("/login/step-up", next="recovery-codes")

    assert answer.headers["location"] == "/account/recovery-codes"
    unknown = await visitor.get("/login/step-up", request_id="postern_ar_unknown")
    assert unknown.status_code == 400


async def test_both_acr_values_are_in_the_metadata(app: Application) -> None:
    metadata = (await app.http.get("/.well-known/openid-configuration")).json()

    assert metadata["acr_values_supported"] == [PASSWORD, MFA]
