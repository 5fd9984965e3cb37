"""Paths that nearly are another one lead nowhere: no way around limits or authentication."""

import httpx
import pytest

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient

ORIGIN = "http://postern.test"
ADMIN_TOKEN = "an-administrators-Token-8c1f-Kd92hLs0"


def disguised(path: str) -> list[str]:
    name = path.lstrip("/")
    return [
        f"//{name}", f"///{name}", f"/{name}/", f"/{name}//", f"/{name.upper()}",
        f"/{name.capitalize()}", f"/%2f{name}", f"/{name}%2f", f"/{name}%00", f"/{name}%20",
        f"/{name};a=b", f"/{name}.json", f"/{name}%3f", f"/{name}%23", f"/.%2f{name}",
        f"/x/%2e%2e/{name}", f"/%5c{name}", f"/{name}%0a",
    ]  # fmt: skip


async def post(app: Application, path: str, **request: object) -> httpx.Response:
    return await app.http.post(ORIGIN + path, **request)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", disguised("/token"))
async def test_only_the_token_path_issues_tokens(
    app: Application, client: TestClient, path: str
) -> None:
    """SECURITY_BAR row 45"""
    form = {"grant_type": "client_credentials"}

    answer = await post(app, path, data=form, auth=client.auth)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert "access_token" not in answer.text


@pytest.mark.parametrize("path", disguised("/profile"))
async def test_only_the_profile_path_returns_a_profile(
    app: Application, client: TestClient, path: str
) -> None:
    """SECURITY_BAR row 45"""
    token = (await app.client_credentials(client)).json()["access_token"]

    answer = await app.http.get(ORIGIN + path, headers={"authorization": f"Bearer {token}"})

    assert answer.status_code == 404


async def test_disguised_paths_create_nothing_without_the_admin_token(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR rows 41 and 45"""
    app = await start_app(
        app_env="production", issuer="https://login.example.com", admin_token=ADMIN_TOKEN
    )
    user = {"username": "somebody", "password": "correct horse battery staple"}
    client = {"client_name": "app", "redirect_uri": "http://localhost/"}

    for path in disguised("/register_user"):
        assert (await post(app, path, json=user)).status_code == 404, path
    for path in disguised("/create_client"):
        assert (await post(app, path, json=client)).status_code == 404, path


async def test_a_percent_encoded_path_follows_the_same_rules(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 45; RFC 3986 section 6.2.2.2"""
    app = await start_app(app_env="production", issuer="https://login.example.com")

    create = await post(
        app, "/%63reate_client", json={"client_name": "app", "redirect_uri": "http://localhost/"}
    )
    token = await post(app, "/%74oken", data={"grant_type": "client_credentials"})
    large = await post(app, "/%74oken", data={"x": "y" * 70_000})

    assert create.status_code == 401
    assert (token.status_code, token.json()["error"]) == (401, "invalid_client")
    assert large.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/token", "POST"),
        ("PUT", "/token", "POST"),
        ("POST", "/profile", "GET"),
        ("GET", "/register_user", "POST"),
        ("DELETE", "/create_client", "POST"),
        ("GET", "/introspect", "POST"),
        ("TRACE", "/token", "POST"),
        ("token", "/token", "POST"),
    ],
)
async def test_an_unsupported_method_is_405_and_lists_the_allowed_ones(
    app: Application, method: str, path: str, allowed: str
) -> None:
    """RFC 9110 section 15.5.6"""
    answer = await app.http.request(method, path)

    assert answer.status_code == 405
    assert allowed in answer.headers["allow"]
    assert answer.json()["error"]


@pytest.mark.parametrize("accept", ["application/json", "application/json, text/html;q=0.5", "*/*"])
async def test_an_unknown_path_is_never_an_html_error(app: Application, accept: str) -> None:
    """CONTRACT: never an HTML error to a client that asked for JSON"""
    answer = await app.http.get("/nothing/here", headers={"accept": accept})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error"] == "not_found"


async def test_an_unknown_path_is_an_html_page_for_a_browser(app: Application) -> None:
    answer = await app.http.get("/nothing/here", headers={"accept": "text/html,*/*;q=0.8"})

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["x-request-id"] in answer.text
