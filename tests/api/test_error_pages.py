"""Errors for people: an explanation, whose turn it is, the id of the request, and the next step."""

import html
import re

import httpx
import pytest

from tests.support.application import Application
from tests.support.parts import services_of
from tests.support.visitor import text_of

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def expired(app: Application, **headers: str) -> httpx.Response:
    """The answer to a form that does not belong to this browser."""
    return await app.http.post(
        "/login", data={"csrf_token": "another's"}, headers={**BROWSER, **headers}
    )


def heading_and_texts(page: httpx.Response) -> list[str]:
    """The heading of a page, its paragraphs and the labels of its links."""
    main = page.text.partition("<h1>")[2].partition('<dl class="details">')[0]
    return [html.unescape(text) for text in re.findall(r"(?:^|>)([^<>]*\w[^<>]*)<", main)]


def next_steps(page: httpx.Response) -> list[str]:
    return re.findall(r'<a class="button" href="([^"]*)"', page.text)


async def test_an_unknown_path_is_a_page_for_browsers_and_problem_details_for_programs(
    app: Application,
) -> None:
    page = await app.http.get("/nothing", headers=BROWSER)
    answer = await app.http.get("/nothing")

    assert page.status_code == answer.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "Page not found" in text_of(page)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_page_shows_the_request_id(app: Application) -> None:
    """PAGES: the request id to copy"""
    page = await app.http.get("/nothing", headers=BROWSER)

    assert page.headers["x-request-id"] in text_of(page)


async def test_an_expired_form_links_back_to_its_page(app: Application) -> None:
    """PAGES: each ends on a page that explains and offers the next step"""
    referer = str(app.http.base_url.join("/login?request_id=r1&ui_locales=de"))

    page = await expired(app, referer=referer)

    assert page.status_code == 403
    assert "This page has expired" in text_of(page)
    assert next_steps(page) == ["/login?request_id=r1&amp;ui_locales=de"]


async def test_the_page_of_an_expired_form_gives_one_instruction(app: Application) -> None:
    """PAGES: the next step"""
    reason = "It's from an earlier visit, or cookies are blocked for this site."

    linked = await expired(app, referer=str(app.http.base_url.join("/login")))
    unlinked = await expired(app)

    assert heading_and_texts(linked) == ["This page has expired", reason, "Try again"]
    assert heading_and_texts(unlinked) == [
        "This page has expired",
        reason,
        "Go back, reload the page and try again.",
    ]


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "en",
            ["Password reset is turned off", "Ask your administrator to reset your password."],
        ),
        (
            "de",
            [
                "Das Zurücksetzen von Passwörtern ist deaktiviert",
                "Bitten Sie Ihren Administrator, Ihr Passwort zurückzusetzen.",
            ],
        ),
    ],
)
async def test_the_heading_says_what_is_not_available(
    language: str, texts: list[str], app: Application
) -> None:
    page = await app.http.get("/recover", params={"ui_locales": language}, headers=BROWSER)

    assert page.status_code == 404
    assert heading_and_texts(page) == texts


@pytest.mark.parametrize(
    "referer",
    [
        "",
        "https://evil.example/login",
        "https://{host}.evil.example/login",
        "https://{host}@evil.example/login",
        "http://{host}//evil.example/login",
        "javascript:alert(1)",
        "http://{host}/\\evil.example/login",
        "http://[evil.example",
        "not an address",
    ],
)
async def test_an_expired_form_does_not_link_to_another_site(
    app: Application, referer: str
) -> None:
    """SECURITY_BAR row 32: nothing that a request says becomes an address elsewhere"""
    host = app.http.base_url.netloc.decode()

    page = await expired(app, referer=referer.format(host=host))

    assert page.status_code == 403
    assert next_steps(page) == []
    assert "evil.example" not in page.text


async def test_error_pages_use_the_preferred_language_of_the_browser(app: Application) -> None:
    page = await app.http.get("/nothing", headers={**BROWSER, "accept-language": "de-AT, en;q=0.5"})

    assert page.headers["content-language"] == "de"
    assert "Diese Seite gibt es nicht." in text_of(page)


async def test_an_internal_error_is_a_page_for_browsers_and_json_for_programs(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PAGES: what happened and what to do next, the request id to copy"""

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(services_of(app).oauth.authorization, "begin", broken)

    page = await app.http.get("/authorize?ui_locales=de", headers=BROWSER)
    answer = await app.http.get("/authorize")

    assert page.status_code == answer.status_code == 500
    assert "Interner" in text_of(page) or "Fehler" in text_of(page)
    assert page.headers["x-request-id"] in text_of(page)
    assert answer.headers["content-type"] == "application/problem+json"
