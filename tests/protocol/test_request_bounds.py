"""What an anonymous authorization request may have us store is bounded."""

from typing import Any

import httpx
import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import count, services_of
from tests.support.visitor import CHALLENGE, REDIRECT_URI, Visitor, answer_in

TOO_LONG: list[dict[str, str]] = [
    {"state": "x" * 4097},
    {"state": "ü" * 2049},
    {"nonce": "x" * 4097},
    {"login_hint": "x" * 4097},
    {"acr_values": "x" * 4097},
    {"claims": '{"userinfo": {"' + "x" * 8192 + '": null}}'},
    {"id_token_hint": "x" * 8193},
    {"state": "x" * 4096, "nonce": "x" * 4096, "login_hint": "x" * 4096, "ui_locales": "x" * 4000},
]
LONGEST: list[dict[str, str]] = [
    {"state": "x" * 4096},
    {"nonce": "x" * 4096},
    {"claims": '{"userinfo": {"' + "x" * 8100 + '": null}}', "state": "x" * 4096},
]


@pytest.mark.parametrize("asked", TOO_LONG, ids=lambda value: " ".join(value))
async def test_a_request_that_is_too_long_returns_an_error_to_the_client(
    client: TestClient, visitor: Visitor, asked: dict[str, str]
) -> None:
    """SECURITY_BAR rows 12 and 28: by redirect, and a state that is too long is not echoed"""
    database = services_of(visitor.app).core.database
    before = await count(database, "authorization_requests")

    answer = answer_in(await visitor.authorize(client, **asked))

    assert answer["error"] == "invalid_request"
    assert answer.get("state", "") in ("a-state", "x" * 4096) or "state" not in answer
    assert ("state" in answer) == (len(asked.get("state", "").encode()) <= 4096)
    assert await count(database, "authorization_requests") == before


@pytest.mark.parametrize("asked", LONGEST, ids=lambda value: " ".join(value))
async def test_a_request_of_the_maximum_length_is_accepted(
    client: TestClient, user: TestUser, visitor: Visitor, asked: dict[str, str]
) -> None:
    """RFC 6749 section 4.1.2: the state comes back whole"""
    answer = await visitor.answer_for(client, user, **asked)

    assert answer["state"] == asked.get("state", "a-state")


@pytest.mark.parametrize("asked", TOO_LONG, ids=lambda value: " ".join(value))
async def test_a_pushed_request_has_the_same_length_limits(
    app: Application, client: TestClient, asked: dict[str, str]
) -> None:
    """RFC 9126 section 2.3"""
    assert_oauth_error(await push(app, client, **asked), "invalid_request")


async def test_a_long_request_with_an_unregistered_redirect_uri_gets_an_error_page(
    client: TestClient, visitor: Visitor
) -> None:
    """SECURITY_BAR row 26"""
    answer = await visitor.authorize(
        client, state="x" * 5000, redirect_uri="https://evil.example/" + "x" * 5000
    )

    assert answer.status_code == 400
    assert "location" not in answer.headers


async def push(app: Application, client: TestClient, **parameters: Any) -> httpx.Response:
    request = {
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **parameters,
    }
    return await app.http.post("/par", data=request, auth=client.auth)
