"""The way back from an error page: stale sign-in links, and sign-outs that lead nowhere else."""

import re
from typing import Any

import httpx
import pytest

from app.services.operations.authority import FULL
from tests.support.application import Application, TestUser
from tests.support.logout import is_error_page, is_signed_in, says_signed_out
from tests.support.parts import services_of
from tests.support.visitor import CHALLENGE, Visitor, text_of

CALLBACK = "https://app.example.com/oauth/callback"
ELSEWHERE = "https://evil.example/"


def ways_back(page: httpx.Response) -> list[str]:
    assert page.status_code == 400
    return re.findall(r'<a class="button" href="([^"]*)"', page.text)


async def stale_page(app: Application, visitor: Visitor, **metadata: Any) -> httpx.Response:
    """The page of a request that was cancelled before."""
    client = await app.create_client(**{"redirect_uris": [CALLBACK], **metadata})
    login = await visitor.authorize(client, redirect_uri=(metadata.get("asked") or CALLBACK))
    await visitor.submit(login, to="/login/cancel")
    return await visitor.get(f"/login?{login.url.query.decode()}")


@pytest.mark.parametrize(
    ("metadata", "way"),
    [
        ({}, "https://app.example.com/"),
        ({"client_uri": "https://app.example.com/home"}, "https://app.example.com/home"),
        ({"client_uri": ELSEWHERE}, "https://app.example.com/"),
        ({"redirect_uris": ["https://other.example/cb", CALLBACK]}, "https://app.example.com/"),
        ({"redirect_uris": [CALLBACK, "http://localhost:3000/cb"]}, "https://app.example.com/"),
    ],
    ids=str,
)
async def test_a_used_sign_in_link_offers_a_link_to_the_application(
    app: Application, visitor: Visitor, metadata: dict[str, Any], way: str
) -> None:
    """`client_uri` counts only on the origin of a registered https redirect URI"""
    page = await stale_page(app, visitor, **metadata)

    assert ways_back(page) == [way]
    assert "This sign-in is already complete." in text_of(page)
    assert "evil.example" not in page.text


async def test_an_expired_sign_in_link_offers_a_link_to_the_application(
    app: Application, visitor: Visitor
) -> None:
    client = await app.create_client(redirect_uris=[CALLBACK])
    login = await visitor.authorize(client, redirect_uri=CALLBACK)
    app.clock.advance(seconds=3601)

    page = await visitor.get(f"/login?{login.url.query.decode()}")

    assert ways_back(page) == ["https://app.example.com/"]
    assert "This page has expired" in text_of(page)


async def test_an_expired_pushed_request_offers_a_link_to_the_application(
    app: Application, visitor: Visitor
) -> None:
    """RFC 9126 section 4"""
    client = await app.create_client(redirect_uris=[CALLBACK])
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": CALLBACK,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    pushed = (await app.http.post("/par", data=asked, auth=client.auth)).json()
    app.clock.advance(seconds=601)

    page = await visitor.get(
        "/authorize", client_id=client.client_id, request_uri=pushed["request_uri"]
    )

    assert ways_back(page) == ["https://app.example.com/"]


async def test_the_client_uri_of_a_verified_client_may_be_on_any_host(
    app: Application, visitor: Visitor
) -> None:
    client = await app.create_client(
        redirect_uris=["http://localhost:3000/callback"], client_uri="https://home.example/"
    )
    await services_of(app).clients.administration.set_trust(
        client.client_id, "verified", authority=FULL
    )
    login = await visitor.authorize(client)
    await visitor.submit(login, to="/login/cancel")

    page = await visitor.get(f"/login?{login.url.query.decode()}")

    assert ways_back(page) == ["https://home.example/"]


@pytest.mark.parametrize("metadata", [{}, {"client_uri": ELSEWHERE}], ids=str)
async def test_an_application_without_an_https_redirect_uri_gets_no_link(
    app: Application, visitor: Visitor, metadata: dict[str, Any]
) -> None:
    client = await app.create_client(**metadata)
    login = await visitor.authorize(client)
    await visitor.submit(login, to="/login/cancel")

    assert ways_back(await visitor.get(f"/login?{login.url.query.decode()}")) == []


@pytest.mark.parametrize(
    "asked",
    [
        {"post_logout_redirect_uri": ELSEWHERE},
        {"client_id": "nobody", "post_logout_redirect_uri": ELSEWHERE},
        {"client_id": "own", "post_logout_redirect_uri": ELSEWHERE},
    ],
    ids=str,
)
async def test_an_unregistered_logout_redirect_uri_still_lets_the_user_sign_out(
    app: Application, visitor: Visitor, user: TestUser, asked: dict[str, str]
) -> None:
    """RP-Initiated Logout section 3: no redirect; the user decides"""
    client = await app.create_client()
    await visitor.code_for(client, user)
    if asked.get("client_id") == "own":
        asked = {**asked, "client_id": client.client_id}

    page = await visitor.get("/logout", **asked, state="s")
    assert is_error_page(page)
    assert user.username in text_of(page)
    assert await is_signed_in(visitor, client)
    done = await visitor.submit(page, to="/logout/confirm")

    assert says_signed_out(done)
    assert "evil.example" not in done.text
    assert not await is_signed_in(visitor, client)


async def test_the_error_page_has_no_sign_out_form_without_a_session(visitor: Visitor) -> None:
    page = await visitor.get("/logout", post_logout_redirect_uri=ELSEWHERE)

    assert is_error_page(page)
    assert "/logout/confirm" not in page.text
