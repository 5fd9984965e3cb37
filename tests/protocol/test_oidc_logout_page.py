"""The page that asks before it signs out, and what may be posted to it."""

import pytest
import pytest_asyncio

from tests.support.application import Application, TestClient, TestUser
from tests.support.logout import (
    AFTER,
    is_error_page,
    is_question,
    is_signed_in,
    policy_of,
    says_signed_out,
    sid_of,
)
from tests.support.visitor import Visitor, text_of, visiting

CONFIRM = "/logout/confirm"


@pytest_asyncio.fixture
async def client(app: Application) -> TestClient:
    return await app.create_client(post_logout_redirect_uris=[AFTER])


@pytest_asyncio.fixture
async def hint(visitor: Visitor, client: TestClient, user: TestUser) -> str:
    """The ID token of a person who is signed in."""
    return str((await visitor.tokens_for(client, user))["id_token"])


@pytest.mark.parametrize("query", [{}, {"state": "s"}], ids=["no-params", "only-state"])
async def test_a_request_without_parameters_requires_confirmation(
    visitor: Visitor, client: TestClient, user: TestUser, hint: str, query: dict[str, str]
) -> None:
    """oidcc-rp-initiated-logout-no-params, -only-state"""
    page = await visitor.get("/logout", **query)
    assert is_question(page)
    assert user.username in text_of(page)
    assert await is_signed_in(visitor, client)

    done = await visitor.submit(page)

    assert says_signed_out(done)
    assert not await is_signed_in(visitor, client)


async def test_a_hint_without_a_redirect_uri_requires_confirmation(
    visitor: Visitor, client: TestClient, hint: str
) -> None:
    """oidcc-rp-initiated-logout-no-post-logout-redirect-uri"""
    page = await visitor.get("/logout", id_token_hint=hint, state="s")
    assert is_question(page)

    assert says_signed_out(await visitor.submit(page))
    assert not await is_signed_in(visitor, client)


async def test_a_redirect_uri_without_a_client_is_an_error(visitor: Visitor, hint: str) -> None:
    """oidcc-rp-initiated-logout-no-id-token-hint"""
    page = await visitor.get("/logout", post_logout_redirect_uri=AFTER, state="s")

    assert is_error_page(page)
    assert "The app's request doesn't identify the app." in text_of(page)


async def test_an_unknown_client_is_an_error(visitor: Visitor, hint: str) -> None:
    page = await visitor.get("/logout", client_id="nobody", post_logout_redirect_uri=AFTER)

    assert is_error_page(page)


async def test_a_client_without_a_hint_gets_the_user_back_after_confirmation(
    visitor: Visitor, client: TestClient, hint: str
) -> None:
    """Section 3: the person's word is the other means of being sure"""
    page = await visitor.get(
        "/logout", client_id=client.client_id, post_logout_redirect_uri=AFTER, state="s"
    )
    assert is_question(page)
    assert "form-action" not in policy_of(page)

    done = await visitor.submit(page)

    assert done.status_code == 303
    assert done.headers["location"] == f"{AFTER}?state=s"
    assert not await is_signed_in(visitor, client)


@pytest.mark.parametrize(
    "changed",
    [
        {"post_logout_redirect_uri": "https://evil.example/"},
        {"client_id": "another"},
        {"client_id": ""},
    ],
    ids=str,
)
async def test_the_posted_client_and_redirect_uri_are_validated_again(
    visitor: Visitor, client: TestClient, hint: str, changed: dict[str, str]
) -> None:
    """SECURITY_BAR row 32"""
    page = await visitor.get("/logout", client_id=client.client_id, post_logout_redirect_uri=AFTER)

    answer = await visitor.submit(page, **changed)

    assert is_error_page(answer)
    assert await is_signed_in(visitor, client)


async def test_only_the_user_shown_on_the_page_is_signed_out(
    app: Application, visitor: Visitor, user: TestUser, hint: str
) -> None:
    """Somebody else became the current one in another tab"""
    page = await visitor.get("/logout")
    second = await app.enrolled_user()
    await visitor.sign_in(await visitor.get("/login", other="1"), second)

    done = await visitor.submit(page)

    assert says_signed_out(done)
    account = await visitor.get("/account")
    assert second.username in account.text
    assert user.username not in account.text


@pytest.mark.parametrize("by", ["name", "sid"])
async def test_the_logout_hint_selects_the_user_shown_on_the_page(
    app: Application, visitor: Visitor, user: TestUser, hint: str, by: str
) -> None:
    """Section 2: "a hint … about the End-User that is logging out" """
    second = await app.enrolled_user()
    await visitor.sign_in(await visitor.get("/login", other="1"), second)
    current = await visitor.get("/logout")
    assert second.username in text_of(current)
    name = {"name": user.username, "sid": sid_of(hint)}[by]

    page = await visitor.get("/logout", logout_hint=name)

    assert user.username in text_of(page)
    assert second.username not in text_of(page)


async def test_confirming_twice_is_not_an_error(
    visitor: Visitor, client: TestClient, hint: str
) -> None:
    """The back button, or a double click"""
    page = await visitor.get("/logout")
    await visitor.submit(page)

    again = await visitor.submit(page)

    assert says_signed_out(again)


async def test_a_confirmation_without_a_csrf_token_or_from_another_site_is_refused(
    app: Application, visitor: Visitor, client: TestClient, hint: str
) -> None:
    """SECURITY_BAR row 30: no token, another browser's, another site's"""
    page = await visitor.get("/logout")
    async with visiting(app) as other:
        of_another = await other.get("/login")
        foreign = of_another.text.split('name="csrf_token" value="')[1].split('"')[0]
    session_id = page.text.split('name="session_id" value="')[1].split('"')[0]

    answers = [
        await visitor.http.post(CONFIRM, data={"session_id": session_id}),
        await visitor.submit(page, csrf_token=""),
        await visitor.submit(page, csrf_token=foreign),
        await visitor.submit(page, csrf_token="x" * 64),
    ]
    visitor.http.headers["sec-fetch-site"] = "cross-site"
    answers.append(await visitor.submit(page))
    del visitor.http.headers["sec-fetch-site"]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert await is_signed_in(visitor, client)


async def test_a_session_of_another_browser_cannot_be_ended(
    app: Application, visitor: Visitor, client: TestClient, user: TestUser, hint: str
) -> None:
    """SECURITY_BAR row 30: a `sid` stands in every ID token and is no secret"""
    other_person = await app.enrolled_user()
    async with visiting(app) as other:
        await other.tokens_for(client, other_person)
        page = await other.get("/logout")

        await other.submit(page, session_id=sid_of(hint))

        assert await is_signed_in(visitor, client)
        assert await is_signed_in(other, client)


async def test_a_post_from_another_site_is_redirected_to_the_same_get_request(
    app: Application, visitor: Visitor, client: TestClient, hint: str
) -> None:
    """Section 2: GET and POST; another site's form comes without our cookies"""
    form = {
        "id_token_hint": hint,
        "client_id": client.client_id,
        "post_logout_redirect_uri": AFTER,
        "state": "a&b",
        "ui_locales": "de",
        "logout_hint": "someone",
        "unknown": "dropped",
    }
    async with visiting(app) as without_cookies:
        moved = await without_cookies.http.post("/logout", data=form)
        assert "set-cookie" not in moved.headers

    assert moved.status_code == 303
    assert moved.headers["location"].startswith("/logout?")
    assert "unknown" not in moved.headers["location"]
    assert moved.headers["referrer-policy"] == "no-referrer"
    answer = await visitor.http.get(moved.headers["location"])
    assert answer.headers["location"] == f"{AFTER}?state=a%26b"
    assert not await is_signed_in(visitor, client)


async def test_a_post_without_parameters_requires_confirmation(visitor: Visitor, hint: str) -> None:
    moved = await visitor.http.post("/logout")

    assert moved.headers["location"] == "/logout"
    assert is_question(await visitor.follow(moved))


async def test_a_post_must_be_a_form(visitor: Visitor, hint: str) -> None:
    assert is_error_page(await visitor.http.post("/logout", json={"state": "s"}))


@pytest.mark.parametrize("host", ["evil.example", "evil.example:443", "postern.test@evil.example"])
async def test_host_headers_do_not_change_the_redirect_or_the_page(
    visitor: Visitor, client: TestClient, hint: str, host: str
) -> None:
    """SECURITY_BAR row 33"""
    headers = {"host": host, "x-forwarded-host": host, "x-forwarded-proto": "gopher"}
    form = {"state": "s"}

    moved = await visitor.http.post("/logout", data=form, headers=headers)
    page = await visitor.http.get("/logout?state=s", headers=headers)

    assert moved.headers["location"] == "/logout?state=s"
    assert host not in page.text
    assert host not in page.headers["content-security-policy"]


async def test_a_client_name_is_html_escaped(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 31"""
    name = f"<script>alert(1)</script>\"'{app.new_name()}"
    client = await app.create_client(client_name=name, post_logout_redirect_uris=[AFTER])
    tokens = await visitor.tokens_for(client, user)
    state = '"><script>alert(2)</script>'

    page = await visitor.get("/logout", id_token_hint=tokens["id_token"], state=state)
    done = await visitor.submit(page)

    for each in (page, done):
        assert "<script>alert" not in each.text
        policy = policy_of(each)
        assert policy["default-src"] == "'none'"
        assert policy["script-src"] == "'self'"
        assert policy["frame-ancestors"] == "'none'"
        assert each.headers["referrer-policy"] == "same-origin"
        assert each.headers["cache-control"] == "no-store"
    assert name in text_of(page)


async def test_the_pages_use_the_requested_language(visitor: Visitor, hint: str) -> None:
    """Section 2: ui_locales, and on the page after the form too"""
    page = await visitor.get("/logout", ui_locales="xx de-AT en")

    done = await visitor.submit(page)

    assert page.headers["content-language"] == "de"
    assert done.headers["content-language"] == "de"
