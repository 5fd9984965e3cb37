"""`GET /`: JSON for programs, a page of the brand for browsers (CONTRACT.md)."""

import re
from urllib.parse import urljoin

import pytest

from app import __version__
from tests.conftest import AppFactory
from tests.support.account import signed_in
from tests.support.application import Application, TestUser
from tests.support.visitor import Visitor

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/*", "", "text/plain"])
async def test_a_program_gets_json(app: Application, accept: str) -> None:
    answer = await app.http.get("/", headers={"accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"message", "version", "documentation", "endpoints"}
    assert answer.json()["version"] == __version__
    assert answer.json()["documentation"] == "/docs"


async def test_a_path_with_several_methods_is_listed_with_get(
    app: Application,
) -> None:
    endpoints = (await app.http.get("/")).json()["endpoints"]

    for path in ("authorize", "logout", "userinfo", "register/{client_id}"):
        assert endpoints[path] == f"GET /{path}"
    assert endpoints["token"] == "POST /token"


async def test_a_request_without_an_accept_header_gets_json(app: Application) -> None:
    request = app.http.build_request("GET", "/")
    del request.headers["accept"]

    answer = await app.http.send(request)

    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("accept", [BROWSER, "text/html", "TEXT/HTML", "text/html, */*;q=0.1"])
async def test_a_browser_gets_a_page(app: Application, accept: str) -> None:
    answer = await app.http.get("/", headers={"accept": accept})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert 'href="docs"' in answer.text
    assert "/register_user" in answer.text


@pytest.mark.parametrize(
    "accept",
    [
        "application/json, text/html",
        "text/html;q=0.5, application/json",
        "text/html; q=0.1, application/json; q=0.9",
        "text/html;q=0, */*",
    ],
)
async def test_a_client_that_prefers_json_gets_json(app: Application, accept: str) -> None:
    """RFC 9110 section 12.5.1: the weights say what is preferred"""
    answer = await app.http.get("/", headers={"accept": accept})

    assert answer.headers["content-type"] == "application/json"


async def test_the_response_varies_by_accept(app: Application) -> None:
    for accept in ("application/json", "text/html"):
        answer = await app.http.get("/", headers={"accept": accept})

        assert "Accept" in answer.headers["vary"].split(", ")


async def test_the_page_has_the_brand_and_the_language_of_the_reader(
    start_app: AppFactory,
) -> None:
    app = await start_app(brand_name="Acme <Ltd>")

    page = await app.http.get("/", headers={"accept": "text/html", "accept-language": "de"})

    assert "<h1>Acme &lt;Ltd&gt;</h1>" in page.text
    assert "<title>Anmelden " in page.text
    assert page.headers["content-language"] == "de"
    assert {"Accept-Language", "Cookie"} <= set(page.headers["vary"].split(", "))


async def test_a_signed_in_user_is_led_to_their_account(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await signed_in(visitor, user)

    page = await visitor.http.get("/", headers={"accept": BROWSER})
    by_program = await visitor.http.get("/", headers={"accept": "application/json"})

    assert page.status_code == 303
    assert page.headers["location"] == "/account"
    assert by_program.json()["version"] == __version__


@pytest.mark.parametrize("registration", ["open", "closed"])
async def test_the_page_links_to_sign_up_only_while_it_is_open(
    start_app: AppFactory, registration: str
) -> None:
    app = await start_app(registration=registration)

    page = await app.http.get("/", headers={"accept": "text/html"})

    assert ('href="create-account"' in page.text) == (registration == "open")


async def test_every_listed_endpoint_exists(app: Application) -> None:
    endpoints = (await app.http.get("/")).json()["endpoints"]

    for call in endpoints.values():
        method, path = call.split(" ")
        answer = await app.http.request(method, path)
        is_served = answer.status_code not in (404, 405)
        assert is_served or answer.json()["error"] == "resource_not_found", call


async def test_the_page_has_a_strict_content_security_policy_and_no_script(
    app: Application,
) -> None:
    """SECURITY_BAR row 31"""
    answer = await app.http.get("/", headers={"accept": "text/html"})

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_every_link_of_the_page_is_served_locally(app: Application) -> None:
    page = (await app.http.get("/", headers={"accept": "text/html"})).text

    links = re.findall(r'(?:href|src)="([^"]+)"', page)

    assert links
    for link in links:
        answer = await app.http.get(urljoin("/", link))
        assert answer.status_code in (200, 303), link  # /account leads to the sign-in


async def test_the_page_does_not_link_to_disabled_documentation(
    start_app: AppFactory,
) -> None:
    app = await start_app(docs=False)

    page = await app.http.get("/", headers={"accept": "text/html"})
    body = await app.http.get("/")

    assert 'href="docs"' not in page.text
    assert body.json()["documentation"] == ""
