"""`/device` (RFC 8628 section 3.3): what a person does with the code that a device shows."""

import asyncio
import base64
from collections.abc import Callable

import pytest

from app.services.operations.authority import FULL
from app.wiring import Services
from tests.api.qr_reader import text_in
from tests.protocol.devices import (
    decide,
    device_client,
    question,
    start_device,
)
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.visitor import Form, Visitor, text_of, visiting

UNKNOWN = "We don't recognise that code."


@pytest.fixture(autouse=True)
def _a_minute_later(app: Application) -> None:
    """The wrong codes of one test use up nothing of the limit of the next, whenever it began."""
    app.clock.advance(seconds=61)


@pytest.mark.parametrize(
    "spelled",
    [
        str,
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: f"  {code.lower().replace('-', ' ')} ",
    ],
)
async def test_a_typed_user_code_is_normalised(
    app: Application, user: TestUser, visitor: Visitor, spelled: Callable[[str], str]
) -> None:
    """Section 6.1"""
    device = await start_device(app)
    typed = spelled(device.user_code)
    page = await visitor.submit(await visitor.get("/device"), to="/device", user_code=typed)

    asked = await visitor.sign_in(await visitor.follow(page), user)
    await visitor.submit(asked, to="/device/decision", decision="allow")

    assert device.user_code in text_of(asked)
    assert (await device.ask()).status_code == 200


async def test_an_unauthenticated_user_signs_in_first(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    device = await start_device(app)

    sent = await visitor.get("/device", user_code=device.user_code)
    page = await visitor.sign_in(await visitor.follow(sent), user)

    assert sent.headers["location"] == f"/login?next=device&user_code={device.user_code}"
    assert 'action="/device/decision"' in page.text
    assert user.username in text_of(page)


async def test_the_page_names_the_client_the_code_and_the_risk(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Section 5.4: so that nobody connects the device of somebody else"""
    name = app.new_name("<b>television</b>")
    device = await start_device(app, await device_client(app, client_name=name))

    page = await question(visitor, device, user)

    assert name in text_of(page)
    assert "<b>television" not in page.text
    assert device.user_code in text_of(page)
    assert "started this yourself" in text_of(page)
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_a_link_with_a_code_still_requires_a_decision(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: even if he allowed the same client before"""
    client = await device_client(app)
    await decide(visitor, await start_device(app, client), user)
    device = await start_device(app, client)

    page = await visitor.get("/device", user_code=device.user_code)

    assert 'action="/device/decision"' in page.text
    assert_oauth_error(await device.ask(), "authorization_pending")


@pytest.mark.parametrize(
    "typed", ["BBBB-BBBB", "x", "-", "A" * 2000, "<script>", "é" * 8, "1234-5678", "B\u0301" * 8]
)
async def test_an_unknown_code_gets_an_error_page(visitor: Visitor, typed: str) -> None:
    """SECURITY_BAR row 44"""
    page = await visitor.get("/device")

    for answer in (
        await visitor.submit(page, to="/device", user_code=typed),
        await visitor.get("/device", user_code=typed),
    ):
        assert answer.status_code == 400
        assert UNKNOWN in text_of(answer)
        assert "<script>" not in answer.text


async def test_control_characters_are_refused(visitor: Visitor) -> None:
    """SECURITY_BAR row 44"""
    page = await visitor.get("/device")

    posted = await visitor.submit(page, to="/device", user_code="BBBB\x00BBBB")
    asked = await visitor.get("/device", user_code="BBBB\x00BBBB")

    assert posted.status_code == 400
    assert "expired" not in text_of(posted)
    assert asked.status_code == 400
    assert "\x00" not in posted.text + asked.text


async def test_an_empty_code_is_an_unknown_code(visitor: Visitor) -> None:
    answer = await visitor.submit(await visitor.get("/device"), to="/device", user_code="")

    assert answer.status_code == 400
    assert UNKNOWN in text_of(answer)


@pytest.mark.parametrize("first", ["allow", "deny"])
async def test_a_code_can_be_decided_only_once(
    app: Application, user: TestUser, visitor: Visitor, first: str
) -> None:
    device = await start_device(app)
    page = await question(visitor, device, user)
    await visitor.submit(page, to="/device/decision", decision=first)

    other = "deny" if first == "allow" else "allow"
    again = await visitor.submit(page, to="/device/decision", decision=other)

    assert again.status_code == 400
    assert UNKNOWN in text_of(again)
    assert ((await device.ask()).status_code == 200) == (first == "allow")


async def test_only_one_of_many_concurrent_decisions_is_accepted(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34"""
    device = await start_device(app)
    page = await question(visitor, device, user)

    answers = await asyncio.gather(
        *(
            visitor.submit(page, to="/device/decision", decision=decision)
            for decision in ("allow", "deny") * 5
        )
    )

    assert sum(answer.status_code == 200 for answer in answers) == 1


async def test_an_expired_code_is_an_unknown_code(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    device = await start_device(app)
    page = await question(visitor, device, user)
    app.clock.advance(seconds=600)

    answer = await visitor.submit(page, to="/device/decision", decision="allow")

    assert UNKNOWN in text_of(answer)


async def test_the_code_of_a_disabled_client_is_an_unknown_code(
    app: Application, user: TestUser, visitor: Visitor, operator: Services
) -> None:
    device = await start_device(app)
    page = await question(visitor, device, user)
    await operator.clients.administration.set_disabled(
        device.client.client_id, disabled=True, authority=FULL
    )

    answer = await visitor.submit(page, to="/device/decision", decision="allow")

    assert UNKNOWN in text_of(answer)


@pytest.mark.parametrize("decision", ["", "Allow", "yes", "deny"])
async def test_only_the_decision_allow_approves(
    app: Application, user: TestUser, visitor: Visitor, decision: str
) -> None:
    """SECURITY_BAR row 34"""
    device = await start_device(app)

    await decide(visitor, device, user, decision)

    assert_oauth_error(await device.ask(), "access_denied")


async def test_a_user_who_was_not_shown_the_page_cannot_decide(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: the question was put to somebody else in this browser"""
    device, second = await start_device(app), await app.enrolled_user()
    page = await question(visitor, device, user)
    await visitor.sign_in(await visitor.get("/login"), second)

    again = await visitor.submit(page, to="/device/decision", decision="allow")

    assert 'action="/device/decision"' in again.text
    assert second.username in text_of(again)
    assert_oauth_error(await device.ask(), "authorization_pending")
    await visitor.submit(again, to="/device/decision", decision="allow")
    app.clock.advance(seconds=5)
    token = (await device.ask()).json()["access_token"]
    assert (await app.profile(token)).json()["username"] == second.username


async def test_a_decision_without_a_session_redirects_to_the_sign_in_page(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: with a token of his own browser, and the session of another person"""
    device = await start_device(app)
    fields = Form((await question(visitor, device, user)).text).forms[0][1]
    async with visiting(app) as stranger:
        own = Form((await stranger.get("/device")).text).forms[0][1]["csrf_token"]

        answer = await stranger.http.post(
            "/device/decision", data={**fields, "csrf_token": own, "decision": "allow"}
        )

    assert answer.headers["location"].startswith("/login?next=device")
    assert_oauth_error(await device.ask(), "authorization_pending")


@pytest.mark.parametrize("token", [None, "", "0" * 64])
async def test_a_decision_without_a_valid_csrf_token_is_refused(
    app: Application, user: TestUser, visitor: Visitor, token: str | None
) -> None:
    """SECURITY_BAR row 30"""
    device = await start_device(app)
    page = await question(visitor, device, user)
    (action, fields) = next(form for form in Form(page.text).forms if "decision" in form[0])
    forged = {**fields, "decision": "allow", "csrf_token": token}

    answer = await visitor.http.post(
        action, data={name: value for name, value in forged.items() if value is not None}
    )

    assert answer.status_code == 403
    assert_oauth_error(await device.ask(), "authorization_pending")


async def test_an_approved_client_is_listed_on_the_account_page(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: and shown where it can be taken back"""
    name = app.new_name("television")
    device = await start_device(app, await device_client(app, client_name=name))
    await question(visitor, device, user)
    assert name not in text_of(await visitor.get("/account"))

    await decide(visitor, device, user)

    assert name in text_of(await visitor.get("/account"))


async def test_a_denied_client_is_not_listed_on_the_account_page(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    name = app.new_name("television")
    device = await start_device(app, await device_client(app, client_name=name))

    page = await decide(visitor, device, user, "deny")

    assert "Nothing was shared" in text_of(page)
    assert name not in text_of(await visitor.get("/account"))


async def test_the_qr_code_contains_the_complete_verification_uri(
    app: Application, visitor: Visitor
) -> None:
    """Section 3.3.1"""
    device = await start_device(app)

    answer = await visitor.get("/device/qr", user_code=device.user_code)

    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "no-store"
    picture = base64.b64encode(answer.content).decode()
    assert text_in(picture) == device.answer["verification_uri_complete"]


@pytest.mark.parametrize("code", ["", "BBBB-BBBB", "\x00"])
async def test_the_qr_code_of_an_unknown_code_is_not_found(visitor: Visitor, code: str) -> None:
    assert (await visitor.get("/device/qr", user_code=code)).status_code == 404


async def test_host_headers_do_not_change_the_verification_uri(app: Application) -> None:
    """SECURITY_BAR row 33"""
    client = await device_client(app)

    response = await app.http.post(
        "/device_authorization",
        data={"scope": "openid"},
        auth=client.auth,
        headers={"host": "evil.example", "x-forwarded-host": "evil.example"},
    )

    assert response.json()["verification_uri"] == f"{app.settings.issuer_url}/device"
