"""The sign-in pages under attack: forms of other sites, stolen and skipped steps, hostile text."""

import re

import pytest

from tests.conftest import AppFactory
from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import Form, Visitor, answer_in, text_of, visiting

pytestmark = pytest.mark.both_databases

PAGES = ("/login", "/login/otp", "/login/enroll", "/create-account", "/consent", "/select-account")


@pytest.mark.parametrize(
    "path",
    [
        *PAGES,
        "/login/cancel",
        "/account/sessions/end",
        "/account/applications/revoke",
        "/account/agents/revoke-all",
        "/device",
        "/device/decision",
        "/logout/confirm",
    ],
)
async def test_a_form_without_a_valid_csrf_token_is_refused(visitor: Visitor, path: str) -> None:
    """SECURITY_BAR row 30"""
    await visitor.get("/login")

    for token in ({}, {"csrf_token": ""}, {"csrf_token": "0" * 64}):
        answer = await visitor.http.post(path, data={"decision": "allow", **token})

        assert answer.status_code == 403
        assert "location" not in answer.headers


async def test_the_csrf_token_of_another_browser_is_refused(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 30"""
    page = await visitor.get("/login")
    async with visiting(app) as other:
        await other.get("/login")
        stolen = Form(page.text).forms[0][1]["csrf_token"]

        answer = await other.http.post(
            "/login",
            data={"csrf_token": stolen, "username": user.username, "password": user.password},
        )

    assert answer.status_code == 403


async def test_a_cross_site_form_is_refused(user: TestUser, visitor: Visitor) -> None:
    page = await visitor.get("/login")
    fields = Form(page.text).forms[0][1]

    answer = await visitor.http.post(
        "/login", data=fields, headers={"sec-fetch-site": "cross-site"}
    )

    assert answer.status_code == 403


async def test_the_secret_of_a_session_changes_at_each_sign_in(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 30"""
    await visitor.tokens_for(client, user)
    before = visitor.http.cookies["postern_sessions"]
    await visitor.tokens_for(client, user, prompt="login")
    after = visitor.http.cookies["postern_sessions"]

    assert before != after
    visitor.http.cookies.set("postern_sessions", before)
    assert answer_in(await visitor.authorize(client, prompt="none"))["error"] == "login_required"


async def test_cookies_have_the_host_prefix_when_the_issuer_is_https(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 30"""
    app = await start_app(issuer="https://login.example.com")

    answer = await app.http.get("/login", headers={"accept": "text/html"})

    (cookie,) = answer.headers.get_list("set-cookie")
    name, _, attributes = cookie.partition("=")
    assert name == "__Host-postern_browser"
    parts = {part.strip().lower() for part in attributes.split(";")[1:]}
    assert {"secure", "httponly", "samesite=lax", "path=/"} <= parts
    assert not any(part.startswith("domain") for part in parts)


async def test_the_code_page_requires_a_password_first(user: TestUser, visitor: Visitor) -> None:
    for path in ("/login/otp", "/login/enroll"):
        answer = await visitor.get(path)

        assert answer.headers["location"] == "/login"


async def test_a_password_given_in_another_browser_is_not_accepted(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await visitor.give_password(await visitor.get("/login"), user)
    stolen = visitor.http.cookies["postern_sign_in"]
    async with visiting(app) as thief:
        await thief.get("/login")
        thief.http.cookies.set("postern_sign_in", stolen)

        answer = await thief.get("/login/otp")

    assert answer.headers["location"] == "/login"


async def test_a_password_expires_while_its_code_is_pending(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    await visitor.give_password(await visitor.get("/login"), user)
    app.clock.advance(seconds=601)

    assert (await visitor.get("/login/otp")).headers["location"] == "/login"


async def test_a_wrong_password_and_an_unknown_username_get_the_same_page(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 19"""
    page = await visitor.get("/login")

    wrong = await visitor.submit(page, username=user.username, password="not the password")
    nobody = await visitor.submit(page, username=app.new_name(), password="not the password")

    assert wrong.status_code == nobody.status_code == 400
    assert "Wrong username or password." in text_of(wrong)
    assert re.sub('value="[^"]*"', "", wrong.text) == re.sub('value="[^"]*"', "", nobody.text)
    assert user.username in wrong.text
    assert "not the password" not in wrong.text


async def test_a_used_code_is_refused_on_the_page(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 16"""
    page = await visitor.give_password(await visitor.get("/login"), user)

    answer = await visitor.submit(page, to="/login/otp", code=app.code(user))

    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.text
    assert "<title>Error: " in answer.text


async def test_another_session_cannot_give_consent(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: the person changed in another tab while the question was open"""
    question = await visitor.sign_in(await visitor.authorize(client), user)
    other = await app.enrolled_user()
    elsewhere = await visitor.authorize(client, prompt="login")
    await visitor.sign_in(elsewhere, other)
    ((_, fields), *_) = Form(question.text).forms
    fields["session_id"] = "0" * 32

    answer = await visitor.http.post("/consent", data={**fields, "decision": "allow"})

    assert answer.headers["location"].startswith("/consent?")
    assert "error" in answer_in(
        await visitor.authorize(client, prompt="none")
    )  # nothing was allowed


async def test_consent_covers_only_the_scope_of_the_pending_request(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34: what is allowed is what the kept request asks, whatever a form adds"""
    question = await visitor.sign_in(await visitor.authorize(client, scope="openid"), user)
    answer = await visitor.follow(
        await visitor.submit(
            question, to="/consent", decision="allow", scope="openid profile email"
        )
    )
    assert "code" in answer_in(answer)

    more = answer_in(await visitor.authorize(client, prompt="none", scope="openid email"))

    assert more["error"] == "consent_required"


async def test_consent_before_sign_in_redirects_to_the_sign_in_page(
    client: TestClient, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34"""
    page = await visitor.authorize(client)
    request_id = page.url.params["request_id"]
    fields = Form(page.text).forms[0][1]

    shown = await visitor.get("/consent", request_id=request_id)
    posted = await visitor.http.post("/consent", data={**fields, "decision": "allow"})

    assert shown.headers["location"].startswith("/login?")
    assert posted.headers["location"].startswith("/login?")


async def test_denying_consent_returns_access_denied_to_the_client(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    question = await visitor.sign_in(await visitor.authorize(client), user)

    answer = await visitor.submit(question, to="/consent", decision="deny")

    assert answer_in(answer)["error"] == "access_denied"
    assert answer_in(answer)["state"] == "a-state"


async def test_cancelling_the_sign_in_returns_access_denied_to_the_client(
    client: TestClient, visitor: Visitor
) -> None:
    page = await visitor.authorize(client)

    answer = await visitor.submit(page, to="/login/cancel")

    assert answer_in(answer)["error"] == "access_denied"


async def test_a_request_can_be_answered_only_once(
    client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """The back button after the end explains itself"""
    question = await visitor.sign_in(await visitor.authorize(client), user)
    await visitor.allow(question)

    again = await visitor.submit(question, to="/consent", decision="allow")

    assert again.status_code == 400
    assert "complete" in text_of(again)


@pytest.mark.parametrize("path", ["/login", "/consent", "/select-account", "/create-account"])
@pytest.mark.parametrize("request_id", ["nothing", "postern_ar_nothing", "x" * 3000])
async def test_a_page_of_an_unknown_request_explains_that_it_expired(
    visitor: Visitor, path: str, request_id: str
) -> None:
    answer = await visitor.get(path, request_id=request_id)

    assert answer.status_code == 400
    assert "expired" in text_of(answer)
