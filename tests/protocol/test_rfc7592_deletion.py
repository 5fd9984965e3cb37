"""How a client takes itself back (RFC 7592 section 2.3)."""

import asyncio
from collections import Counter
from typing import Any

import pytest

from tests.protocol.registering import bearer, body_of, client_of, manage, registered
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import services_of
from tests.support.visitor import Visitor, redeem, text_of

pytestmark = pytest.mark.both_databases

METHODS = ["GET", "PUT", "DELETE"]


async def test_deleting_a_client_deletes_its_tokens_codes_and_consents(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Section 2.3"""
    grants = ["authorization_code", "refresh_token"]
    made, observer = await registered(app, grant_types=grants), await app.create_client()
    client = client_of(made)
    tokens = await visitor.tokens_for(client, user, scope="openid offline_access", prompt="consent")
    code = await visitor.code_for(client, user)

    deleted = await manage(app, "DELETE", made)

    assert deleted.status_code == 204
    assert deleted.content == b""
    for method in METHODS:
        again = await manage(app, method, made, body_of(made))
        assert_oauth_error(again, "invalid_token", status=401)
    for answer in (
        await redeem(app, client, code),
        await app.refresh(client, tokens["refresh_token"]),
    ):
        assert_oauth_error(answer, "invalid_client", status=401)
    assert not await app.is_active(observer, tokens["access_token"])
    userinfo = await app.http.get("/userinfo", headers=bearer(tokens["access_token"]))
    assert userinfo.status_code == 401
    assert (await visitor.authorize(client)).status_code == 400
    account = await visitor.follow(await visitor.get("/account"))
    assert account.status_code == 200
    assert made["client_id"] not in account.text


async def test_a_user_can_sign_out_after_a_client_deleted_itself(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Section 2.3; what is left of a client stands in nobody's way"""
    made = await registered(
        app, backchannel_logout_uri="https://app.example.com/bye",
        frontchannel_logout_uri="http://localhost:3000/bye",
    )  # fmt: skip
    tokens = await visitor.tokens_for(client_of(made), user)
    await manage(app, "DELETE", made)

    page = await visitor.get("/logout", id_token_hint=tokens["id_token"])
    done = await visitor.follow(await visitor.submit(page, to="/logout/confirm"))

    assert page.status_code == done.status_code == 200
    assert "localhost:3000" not in text_of(done)


async def test_concurrent_deletions_succeed_or_find_no_client(app: Application) -> None:
    made = await registered(app)

    answers = await asyncio.gather(*(manage(app, "DELETE", made) for _ in range(10)))

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {204, 401}
    assert statuses[204] >= 1


async def test_an_update_does_not_restore_a_deleted_client(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where it arrived first"""
    made = await registered(app)
    registration = services_of(app).clients.registration
    checked = registration._checked

    async def after_the_deletion(*given: Any, **further: Any) -> Any:
        await manage(app, "DELETE", made)
        return await checked(*given, **further)

    monkeypatch.setattr(registration, "_checked", after_the_deletion)

    origin = f"https://{app.new_name('host')}.example"
    answer = await manage(app, "PUT", made, body_of(made, redirect_uris=[f"{origin}/callback"]))

    assert_oauth_error(answer, "invalid_token", status=401)
    from_there = await app.http.post("/token", headers={"origin": origin})
    assert "access-control-allow-origin" not in from_there.headers
