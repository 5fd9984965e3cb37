"""Which responses set the cookies of a browser: pages and errors, but nothing for other sites."""

import re
from typing import Any
from unittest.mock import AsyncMock

import httpx
import pytest

from app.errors import UnavailableError
from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.logout import says_signed_out
from tests.support.parts import services_of
from tests.support.visitor import Visitor, query, visiting

DATABASES = ("sqlite",)
FORM = {"content-type": "application/x-www-form-urlencoded"}


def cookies_set_by(response: httpx.Response) -> set[str]:
    return {each.partition("=")[0] for each in response.headers.get_list("set-cookie")}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/login", 200),
        ("/account", 303),
        ("/consent", 400),
        ("/authorize/resume?request_id=postern_ar_unknown", 400),
        ("/login/with/unknown/callback", 404),
        ("/login/otp", 303),
    ],
)
async def test_a_new_browser_is_identified_by_its_first_response(
    visitor: Visitor, path: str, status: int
) -> None:
    response = await visitor.get(path)

    assert response.status_code == status
    assert cookies_set_by(response) == {"postern_browser"}


async def test_an_error_page_ends_the_sessions_that_are_over(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await visitor.sign_in(await visitor.get("/login"), user)
    app.clock.advance(seconds=app.settings.session_ttl + 1)

    response = await visitor.get("/consent")

    assert response.status_code == 400
    (cookie,) = response.headers.get_list("set-cookie")
    assert cookie.startswith('postern_sessions=""; ')
    assert "Max-Age=0" in cookie


@pytest.mark.parametrize("path", ["/login", "/account/profile", "/logout/confirm", "/device"])
async def test_a_form_of_another_site_does_not_replace_the_browser(
    visitor: Visitor, path: str
) -> None:
    """The browser sends it without its cookies, and would lose its sign-in and its forms."""
    headers = {**FORM, "sec-fetch-site": "cross-site", "origin": "https://evil.example"}

    response = await visitor.http.post(path, content="csrf_token=x", headers=headers)

    assert response.status_code == 403
    assert cookies_set_by(response) == set()


@pytest.mark.parametrize("parameters", [{}, {"scope": "openid \x01"}, {"client_id": "unknown"}])
async def test_an_authorization_request_by_post_does_not_replace_the_browser(
    visitor: Visitor, client: TestClient, parameters: dict[str, Any]
) -> None:
    content = query(client, **parameters)

    response = await visitor.http.post("/authorize", content=content, headers=FORM)

    assert response.status_code in (303, 400)
    assert cookies_set_by(response) == set()


async def test_the_picture_of_a_code_sets_no_cookie(app: Application, visitor: Visitor) -> None:
    """A page of another site may show it."""
    device = await app.create_client(grant_types=["urn:ietf:params:oauth:grant-type:device_code"])
    answer = await app.http.post("/device_authorization", auth=device.auth)

    picture = await visitor.get("/device/qr", user_code=answer.json()["user_code"])

    assert picture.headers["content-type"] == "image/png"
    assert cookies_set_by(picture) == set()


@pytest.mark.parametrize(
    ("form", "action"), [("/logout", "/logout/confirm"), ("/account", "/account/sessions/end")]
)
async def test_a_browser_forgets_a_session_only_once_it_has_ended(
    app: Application,
    visitor: Visitor,
    client: TestClient,
    user: TestUser,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    action: str,
) -> None:
    """SECURITY_BAR row 30: a session that lives on can still be signed out of"""
    await visitor.sign_in(await visitor.get("/login"), user)
    page, sessions = await visitor.get(form), services_of(app).accounts.sessions
    cookie = visitor.http.cookies["postern_sessions"]

    with monkeypatch.context() as patch:
        patch.setattr(sessions, "end", AsyncMock(side_effect=UnavailableError))
        refused = await visitor.submit(page, to=action)
    kept = visitor.http.cookies.get("postern_sessions")
    done = await visitor.submit(page, to=action)

    assert (refused.status_code, cookies_set_by(refused)) == (503, set())
    assert kept == cookie
    assert says_signed_out(done)
    assert "postern_sessions" not in visitor.http.cookies
    assert await sessions.find(cookie) is None


async def test_a_browser_changes_its_current_user_only_once_the_request_has_them(
    app: Application,
    visitor: Visitor,
    client: TestClient,
    user: TestUser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await visitor.sign_in(await visitor.get("/login"), user)
    other = await app.enrolled_user()
    await visitor.sign_in(await visitor.get("/login", other="1"), other)
    page = await visitor.authorize(client, prompt="select_account")
    (*_, chosen) = re.findall(r'name="session_id" value="([^"]+)"', page.text)
    authorization = services_of(app).oauth.authorization

    with monkeypatch.context() as patch:
        patch.setattr(authorization, "set_session", AsyncMock(side_effect=UnavailableError))
        refused = await visitor.submit(page, to="/select-account", session_id=chosen)
    done = await visitor.submit(page, to="/select-account", session_id=chosen)

    assert (refused.status_code, cookies_set_by(refused)) == (503, set())
    assert cookies_set_by(done) == {"postern_sessions"}


async def test_a_browser_forgets_the_first_factor_only_once_the_sign_in_is_complete(
    start_app: AppFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = await start_app(remember_browser_days=30)
    user = await app.enrolled_user()
    app.clock.advance(seconds=31)
    async with visiting(app) as visitor:
        page = await visitor.give_password(await visitor.get("/login"), user)
        with monkeypatch.context() as patch:
            trusted_browsers = services_of(app).factors.trusted_browsers
            patch.setattr(trusted_browsers, "remember", AsyncMock(side_effect=UnavailableError))
            refused = await visitor.submit(page, code=app.code(user), remember_browser="1")
        app.clock.advance(seconds=31)
        done = await visitor.submit(page, code=app.code(user), remember_browser="1")

    assert (refused.status_code, cookies_set_by(refused)) == (503, {"postern_sessions"})
    assert done.headers["location"] == "/account"
    assert cookies_set_by(done) == {"postern_sessions", "postern_sign_in", "postern_remembered"}
