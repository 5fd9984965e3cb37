"""A pushed request is used at the authorization, not at the first view (RFC 9126 section 4)."""

import asyncio

import httpx
import pytest

from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import count, services_of
from tests.support.visitor import Visitor, answer_in, query, redeem, visiting

pytestmark = pytest.mark.both_databases

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def pushed_by(app: Application, client: TestClient, **asked: str) -> dict[str, str]:
    """What a browser brings to the authorization endpoint of a pushed request."""
    pushed = await app.http.post(
        "/par", content=query(client, **asked), auth=client.auth, headers=FORM
    )
    return {"client_id": client.client_id, "request_uri": pushed.json()["request_uri"]}


async def view(visitor: Visitor, only: dict[str, str]) -> httpx.Response:
    return await visitor.follow(await visitor.get("/authorize", **only))


@pytest.mark.slow
async def test_a_user_may_reload_until_the_pending_request_expires(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """`expires_in` is judged at the first view"""
    only = await pushed_by(app, client)
    first = await view(visitor, only)
    app.clock.advance(seconds=1800)

    again = await view(visitor, only)
    answer = answer_in(await visitor.allow(await visitor.sign_in(again, user)))

    assert again.url.params["request_id"] == first.url.params["request_id"]
    assert (await redeem(app, client, answer["code"])).status_code == 200
    assert (await visitor.get("/authorize", **only)).status_code == 400


async def test_a_reload_continues_at_the_current_step(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """With prompt=login the user is not asked a second time"""
    only = await pushed_by(app, client, prompt="login")
    consent = await visitor.sign_in(await view(visitor, only), user)

    again = await view(visitor, only)

    assert 'action="/consent"' in consent.text
    assert 'action="/consent"' in again.text


async def test_a_reload_after_an_hour_is_refused(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    """The pending request is over"""
    only = await pushed_by(app, client)
    await view(visitor, only)
    app.clock.advance(seconds=3601)

    assert (await visitor.get("/authorize", **only)).status_code == 400


async def test_opening_the_link_in_another_browser_does_not_consume_it(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """Programs look at links before their users do"""
    only = await pushed_by(app, client)
    async with visiting(app) as program:
        assert (await view(program, only)).status_code == 200

    page = await view(visitor, only)
    answer = answer_in(await visitor.allow(await visitor.sign_in(page, user)))

    assert (await redeem(app, client, answer["code"])).status_code == 200


async def test_another_browser_cannot_open_the_link_after_expires_in(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    """What one browser has seen does not prolong it for others"""
    only = await pushed_by(app, client)
    await view(visitor, only)
    app.clock.advance(seconds=91)

    async with visiting(app) as other:
        assert (await other.get("/authorize", **only)).status_code == 400


async def test_only_one_of_two_browsers_gets_a_code(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9126 section 4: one code a request_uri"""
    only = await pushed_by(app, client)
    async with visiting(app) as other:
        theirs = await other.sign_in(await view(other, only), await app.enrolled_user())
        ours = await visitor.sign_in(await view(visitor, only), user)

        assert "code" in answer_in(await visitor.allow(ours))
        assert (await other.allow(theirs)).status_code == 400


async def test_only_one_of_thirty_concurrent_attempts_gets_a_code(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """RFC 9126 section 4; SECURITY_BAR row 7"""
    await visitor.tokens_for(client, user)
    only = await pushed_by(app, client)
    database = services_of(app).core.database
    before = await count(database, "authorization_codes")

    answers = await asyncio.gather(*(visitor.get("/authorize", **only) for _ in range(30)))

    codes = [each for each in answers if each.is_redirect]
    assert len(codes) == 1
    assert "code" in answer_in(codes[0])
    assert {each.status_code for each in answers} == {303, 400}
    assert await count(database, "authorization_codes") == before + 1


async def test_a_denial_by_the_user_consumes_the_pushed_request(
    app: Application, client: TestClient, visitor: Visitor
) -> None:
    """RFC 9126 section 4"""
    only = await pushed_by(app, client)
    page = await view(visitor, only)

    refused = answer_in(await visitor.submit(page, to="/login/cancel"))

    assert refused["error"] == "access_denied"
    async with visiting(app) as other:
        assert (await other.get("/authorize", **only)).status_code == 400
