"""Redirect URIs (RFC 9700 section 2.1, RFC 8252): exact, or an error page and no redirect."""

import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import Visitor, answer_in, text_of

REGISTERED = "https://app.example.com/callback?tenant=1"


@pytest.mark.parametrize(
    "asked",
    [
        "https://evil.example/callback",
        "https://app.example.com/callback",
        "https://app.example.com/callback?tenant=1&more=2",
        "https://app.example.com/callback?tenant=2",
        "https://app.example.com/callback/more?tenant=1",
        "https://app.example.com:444/callback?tenant=1",
        "https://app.example.com:443/callback?tenant=1",
        "https://good@app.example.com/callback?tenant=1",
        "https://app.example.com@evil.example/callback?tenant=1",
        "https://app.example.com/callback?tenant=1#fragment",
        "https://APP.example.com/callback?tenant=1",
        "HTTPS://app.example.com/callback?tenant=1",
        "https://app.example.com/%63allback?tenant=1",
        "https://app.example.com/x/%2e%2e/callback?tenant=1",
        "https://app.example.com/x/../callback?tenant=1",
        "https:\\\\app.example.com\\callback?tenant=1",
        "https://app.example.com\\@evil.example/callback?tenant=1",
        "http://app.example.com/callback?tenant=1",
        "//app.example.com/callback?tenant=1",
        "javascript:alert(1)//https://app.example.com/callback?tenant=1",
        "data:text/html,hello",
        "/callback?tenant=1",
        "x" * 5000,
    ],
    ids=lambda uri: uri[:60],
)
async def test_an_unregistered_redirect_uri_gets_an_error_page(
    app: Application, visitor: Visitor, asked: str
) -> None:
    """SECURITY_BAR row 26"""
    client = await app.create_client(redirect_uri=REGISTERED)

    for prompt in (None, "none"):
        answer = await visitor.authorize(client, redirect_uri=asked, prompt=prompt)

        assert answer.status_code == 400
        assert "location" not in answer.headers
        assert "asked to return to an address that isn't registered for it." in text_of(answer)


@pytest.mark.parametrize("client_id", [None, "", "nobody", "x" * 300, "a\x00b"])
async def test_an_unknown_client_gets_an_error_page(
    client: TestClient, visitor: Visitor, client_id: str | None
) -> None:
    """RFC 6749 section 4.1.2.1; SECURITY_BAR row 26"""
    answer = await visitor.authorize(client, client_id=client_id)

    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_a_request_that_does_not_accept_html_gets_a_json_error(
    app: Application, client: TestClient
) -> None:
    answer = await app.http.get(
        "/authorize", params={"client_id": client.client_id, "redirect_uri": "https://evil.example"}
    )

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_redirect_uri"


async def test_the_only_registered_redirect_uri_is_the_default(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 6749 section 3.1.2.3"""
    assert "code" in await visitor.answer_for(client, user, redirect_uri=None)


async def test_a_client_with_two_redirect_uris_has_no_default(
    app: Application, visitor: Visitor
) -> None:
    client = await app.create_client(redirect_uris=["https://a.example/", "https://b.example/"])

    answer = await visitor.authorize(client, redirect_uri=None)

    assert answer.status_code == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("http://127.0.0.1/callback", "http://127.0.0.1:49152/callback"),
        ("http://127.0.0.1:3000/callback", "http://127.0.0.1:49152/callback"),
        ("http://[::1]/callback", "http://[::1]:49152/callback"),
        ("http://localhost:3000/callback", "http://localhost:49152/callback"),
    ],
)
async def test_a_loopback_redirect_uri_may_use_any_port(
    app: Application, visitor: Visitor, registered: str, asked: str
) -> None:
    """SECURITY_BAR row 27; RFC 8252 section 7.3"""
    client = await app.create_client(redirect_uri=registered)

    answer = await visitor.authorize(client, redirect_uri=asked, prompt="none")

    assert answer_in(answer, at=asked)["error"] == "login_required"


@pytest.mark.parametrize(
    ("registered", "asked"),
    [
        ("http://127.0.0.1/callback", "http://localhost/callback"),
        ("http://localhost/callback", "http://127.0.0.1/callback"),
        ("http://127.0.0.1/callback", "https://127.0.0.1/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1/other"),
        ("http://127.0.0.1/callback", "http://127.0.0.1/callback?x=1"),
        ("http://127.0.0.1/callback", "http://127.0.0.1:3000@evil.example/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1.evil.example/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.2/callback"),
        ("http://localhost/callback", "http://LOCALHOST:1/callback"),
        ("http://app.example/callback", "http://app.example:8080/callback"),
    ],
)
async def test_redirect_uris_otherwise_match_exactly(
    app: Application, visitor: Visitor, registered: str, asked: str
) -> None:
    """SECURITY_BAR rows 26 and 27"""
    client = await app.create_client(redirect_uri=registered)

    answer = await visitor.authorize(client, redirect_uri=asked, prompt="none")

    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_the_query_of_a_redirect_uri_is_preserved(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """RFC 6749 section 3.1.2"""
    client = await app.create_client(redirect_uri=REGISTERED)

    answer = await visitor.authorize(client, redirect_uri=REGISTERED, prompt="none")

    assert answer_in(answer, at="https://app.example.com/callback?")["tenant"] == "1"


@pytest.mark.parametrize(
    ("registered", "begins"),
    [
        ("https://app.example.com/cb?a=[1]&b", "https://app.example.com/cb?a=[1]&b&error="),
        ("https://app.example.com/cb?", "https://app.example.com/cb?&error="),
        ("https://app.example.com/cb?x=%zz", "https://app.example.com/cb?x=%zz&error="),
        ("com.example.app:/cb", "com.example.app:/cb?error="),
        ("https://app.example.com", "https://app.example.com?error="),
    ],
)
async def test_an_unusual_redirect_uri_is_preserved_exactly(
    app: Application, visitor: Visitor, registered: str, begins: str
) -> None:
    """SECURITY_BAR row 26: to the letter, also on the way back"""
    client = await app.create_client(redirect_uri=registered)

    answer = await visitor.authorize(client, redirect_uri=registered, prompt="none")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith(begins)
