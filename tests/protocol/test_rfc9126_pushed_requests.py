"""Pushed authorization requests (RFC 9126): they count once, by their client, for a short while."""

import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import Visitor, answer_in, query, redeem

pytestmark = pytest.mark.both_databases

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def error_of(visitor: Visitor, client: TestClient) -> str:
    return answer_in(await visitor.authorize(client, prompt="none"))["error"]


@pytest.mark.slow
async def test_a_client_that_requires_pushed_or_signed_requests_must_use_them(
    app: Application, visitor: Visitor
) -> None:
    """RFC 9126 section 6, RFC 9101 section 10.5: by the client's own metadata"""
    pushes = await app.create_client(require_pushed_authorization_requests=True)
    signs = await app.create_client(require_signed_request_object=True)
    user = await app.enrolled_user()

    assert await error_of(visitor, pushes) == "invalid_request"
    assert await error_of(visitor, signs) == "invalid_request"
    pushed = await app.http.post("/par", content=query(pushes), auth=pushes.auth, headers=FORM)
    request_uri = pushed.json()["request_uri"]
    only = {"client_id": pushes.client_id, "request_uri": request_uri}
    page = await visitor.follow(await visitor.get("/authorize", **only))
    answer = answer_in(await visitor.allow(await visitor.sign_in(page, user)))
    again = await visitor.get("/authorize", **only)
    other = await visitor.get("/authorize", client_id=signs.client_id, request_uri=request_uri)

    assert pushed.status_code == 201
    assert (await redeem(app, pushes, answer["code"])).status_code == 200
    assert again.status_code == other.status_code == 400  # once, and by its client


async def test_a_pushed_request_remains_pending_like_any_other_once_viewed(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9126: the short life is for the way to /authorize"""
    pushed = await app.http.post("/par", content=query(client), auth=client.auth, headers=FORM)
    request_uri = pushed.json()["request_uri"]
    only = {"client_id": client.client_id, "request_uri": request_uri}
    page = await visitor.follow(await visitor.get("/authorize", **only))
    app.clock.advance(seconds=1800)

    answer = answer_in(await visitor.allow(await visitor.sign_in(page, user)))

    assert (await redeem(app, client, answer["code"])).status_code == 200


async def test_a_pushed_request_works_only_once_even_after_an_error(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    """RFC 9126 section 4"""
    content = query(client, prompt="none")
    pushed = await app.http.post("/par", content=content, auth=client.auth, headers=FORM)
    only = {"client_id": client.client_id, "request_uri": pushed.json()["request_uri"]}

    first = await visitor.get("/authorize", **only)
    second = await visitor.get("/authorize", **only)

    assert answer_in(first)["error"] == "login_required"
    assert second.status_code == 400


async def test_a_pushed_request_expires_before_its_first_view(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    pushed = await app.http.post("/par", content=query(client), auth=client.auth, headers=FORM)
    app.clock.advance(seconds=90)

    answer = await visitor.get(
        "/authorize", client_id=client.client_id, request_uri=pushed.json()["request_uri"]
    )

    assert answer.status_code == 400
