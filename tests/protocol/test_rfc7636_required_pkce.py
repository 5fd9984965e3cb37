"""Which clients need PKCE (RFC 7636, RFC 9700 section 2.1.1): `require_pkce` and `PKCE`."""

import logging
from typing import Any

import pytest

from tests.conftest import AppFactory
from tests.protocol.registering import body_of, client_of, manage, registered
from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import Visitor, answer_in, redeem, visiting

DOORS = ("/register", "/create_client")
NO_PKCE = {"code_challenge": None, "code_challenge_method": None}


async def registered_at(app: Application, door: str, **metadata: Any) -> dict[str, Any]:
    body = {"client_name": app.new_name(), "redirect_uris": ["http://localhost:3000/callback"]}
    answer = await app.http.post(door, json={**body, **metadata})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(
    ("metadata", "in_force"),
    [
        ({}, False),
        ({"require_pkce": False}, False),
        ({"require_pkce": True}, True),
        ({"token_endpoint_auth_method": "none"}, True),
        ({"token_endpoint_auth_method": "none", "require_pkce": False}, True),
    ],
)
async def test_the_registration_response_says_whether_pkce_is_required(
    app: Application, door: str, metadata: dict[str, Any], *, in_force: bool
) -> None:
    """RFC 7591 section 3.2.1"""
    assert (await registered_at(app, door, **metadata))["require_pkce"] is in_force


@pytest.mark.parametrize("door", DOORS)
async def test_the_pkce_all_setting_requires_pkce_of_every_client(
    start_app: AppFactory, door: str
) -> None:
    app = await start_app(pkce="all")

    made = await registered_at(app, door, require_pkce=False)

    assert made["require_pkce"] is True
    async with visiting(app) as visitor:
        assert await error_without_pkce(visitor, client_of(made)) == "invalid_request"


@pytest.mark.parametrize("door", DOORS)
async def test_a_client_that_requires_pkce_is_refused_without_it(
    app: Application, visitor: Visitor, door: str
) -> None:
    requires = await registered_at(app, door, require_pkce=True)
    leaves_it = await registered_at(app, door)

    assert await error_without_pkce(visitor, client_of(requires)) == "invalid_request"
    assert await error_without_pkce(visitor, client_of(leaves_it)) is None


async def test_an_update_can_change_whether_pkce_is_required(
    app: Application, visitor: Visitor
) -> None:
    """RFC 7592 section 2.2"""
    made = await registered(app)

    changed = await manage(app, "PUT", made, body_of(made, require_pkce=True))

    assert changed.json()["require_pkce"] is True
    assert await error_without_pkce(visitor, client_of(made)) == "invalid_request"


async def test_a_pushed_request_requires_pkce_too(app: Application) -> None:
    """RFC 9126 section 2.1"""
    client = client_of(await registered_at(app, "/register", require_pkce=True))
    form = {"response_type": "code", "redirect_uri": "http://localhost:3000/callback"}

    answer = await app.http.post("/par", data=form, auth=client.auth)

    assert answer.json()["error"] == "invalid_request"


async def test_a_client_using_neither_pkce_nor_a_nonce_is_logged_once_a_day(
    app: Application, user: TestUser, caplog: pytest.LogCaptureFixture
) -> None:
    """RFC 9700 section 2.1.1"""
    careless, other = await app.create_client(), await app.create_client()

    async def use(client: TestClient, **parameters: Any) -> None:
        async with visiting(app) as visitor:
            asked = {**NO_PKCE, "nonce": None, **parameters}
            code = await visitor.code_for(client, user, **asked)
            assert "access_token" in (await redeem(app, client, code, code_verifier=None)).json()

    def warnings() -> int:
        return caplog.text.count("uses neither PKCE nor a nonce")

    with caplog.at_level(logging.WARNING):
        await use(other, nonce="a-nonce")
        before = warnings()
        await use(careless)
        await use(careless)
        today = warnings()
        app.clock.advance(seconds=86_400)
        await use(careless)

    assert [before, today, warnings()] == [0, 1, 2]


async def error_without_pkce(visitor: Visitor, client: TestClient) -> str | None:
    """The error that goes back to the client; None where a page is shown."""
    answer = await visitor.authorize(client, **NO_PKCE)
    return answer_in(answer)["error"] if answer.status_code == 303 else None
