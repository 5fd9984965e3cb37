"""What comes into a page from outside is text: names, headers, parameters; and its language."""

from typing import Any

import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import Visitor, answer_in


@pytest.mark.parametrize("name", ["next", "return_to", "redirect", "url"])
async def test_a_parameter_cannot_redirect_the_browser_to_another_site(
    app: Application, user: TestUser, visitor: Visitor, name: str
) -> None:
    """SECURITY_BAR row 32"""
    page = await visitor.get("/login", **{name: "https://evil.example/"})

    answer = await visitor.sign_in(page, user)

    assert "evil.example" not in page.text
    assert answer.url.path == "/account"


HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


async def test_hostile_names_are_html_escaped(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 31"""
    client = await app.create_client(client_name=HOSTILE, scope="openid <b>x</b>")

    pages = [await visitor.authorize(client, login_hint=HOSTILE, scope="openid <b>x</b>")]
    pages.append(await visitor.submit(pages[0], username=HOSTILE, password="x" * 10))
    pages.append(await visitor.give_password(pages[0], user))
    app.clock.advance(seconds=31)
    pages.append(await visitor.follow(await visitor.submit(pages[-1], code=app.code(user))))

    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
        assert "<b>x</b>" not in page.text
        policy = page.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["referrer-policy"] == "same-origin"
        assert page.headers["cache-control"] == "no-store"


async def test_host_headers_do_not_change_the_issuer(client: TestClient, visitor: Visitor) -> None:
    """SECURITY_BAR row 33"""
    visitor.http.headers.update({"x-forwarded-host": "evil.example", "host": "evil.example"})

    answer = await visitor.authorize(client, prompt="none")

    assert answer_in(answer)["iss"] == visitor.app.settings.issuer_url


async def test_pages_send_no_cors_headers(visitor: Visitor) -> None:
    """SECURITY_BAR row 46"""
    for path in ("/login", "/account", "/device", "/authorize"):
        answer: Any = await visitor.http.get(path, headers={"origin": "http://localhost:3000"})

        assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("headers", "asked", "language"),
    [
        ({"accept-language": "de-AT,de;q=0.9,en;q=0.5"}, None, "de"),
        ({"accept-language": "fr,en;q=0.5"}, None, "en"),
        ({"accept-language": "fr"}, None, "en"),
        ({"accept-language": "en"}, "xx de", "de"),
        ({"accept-language": "de;q=0, en;q=x"}, None, "en"),
        ({}, None, "en"),
    ],
    ids=str,
)
async def test_pages_use_the_requested_or_preferred_language(
    client: TestClient, visitor: Visitor, headers: dict[str, str], asked: str | None, language: str
) -> None:
    """OpenID Connect Core section 3.1.2.1: ui_locales, and what the browser likes"""
    visitor.http.headers.update(headers)

    page = await visitor.authorize(client, ui_locales=asked)

    assert f'<html lang="{language}" dir="ltr">' in page.text
    assert ("Benutzername" in page.text) == (language == "de")
