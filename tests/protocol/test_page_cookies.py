"""Which responses set the cookies of a browser: pages and errors, but nothing for other sites."""

from typing import Any

import httpx
import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import Visitor, query

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
