"""A form acts on the account that its page showed, or on none.

Several people are signed in in one browser: Ada opens a page, Bob signs in in another tab, and
Ada's page is sent.
"""

import pytest
from fastapi.routing import APIRoute

from app.pages.account.registry import ACCOUNT_PAGES, account_routers
from tests.support.account import claims_of, happened, stored
from tests.support.application import Application, TestUser
from tests.support.identity_provider import fields_in
from tests.support.parts import services_of
from tests.support.visitor import Form, Visitor, text_of, visiting

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

EXPLANATION = "Nothing was changed in either account"
ROUTES = [
    (method, route.path)
    for router, _ in account_routers(ACCOUNT_PAGES)
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
]
POSTS = [path for method, path in ROUTES if method != "GET"]
PAGES = [path for method, path in ROUTES if method == "GET"]


async def signed_in(visitor: Visitor, user: TestUser) -> None:
    await visitor.sign_in(await visitor.get("/login"), user)


async def with_two(visitor: Visitor, ada: TestUser, bob: TestUser, page: str) -> dict[str, str]:
    """What the forms of Ada's page carry, sent once Bob is the current user."""
    await signed_in(visitor, ada)
    fields = fields_in(await visitor.get(page))
    await signed_in(visitor, bob)
    return fields


@pytest.mark.parametrize("path", POSTS)
async def test_a_form_shown_to_another_user_is_refused_with_an_explanation(
    app: Application, visitor: Visitor, user: TestUser, path: str
) -> None:
    """SECURITY_BAR row 30; also for pages that are added later"""
    bob = await app.enrolled_user()
    fields = await with_two(visitor, user, bob, "/account")
    before = await happened(app, (await stored(app, bob)).user_id)

    answer = await visitor.http.post(path, data=fields)

    assert answer.status_code == 409
    assert EXPLANATION in text_of(answer)
    assert bob.username in text_of(answer)
    assert f"Sign in as {user.username} again" in text_of(answer)
    assert await happened(app, (await stored(app, bob)).user_id) == before


@pytest.mark.parametrize("path", POSTS)
async def test_a_form_without_a_session_id_is_refused(
    visitor: Visitor, user: TestUser, path: str
) -> None:
    await signed_in(visitor, user)
    fields = fields_in(await visitor.get("/account"))
    del fields["page_session_id"]

    assert (await visitor.http.post(path, data=fields)).status_code == 409


@pytest.mark.parametrize("path", POSTS)
async def test_a_form_sent_after_signing_out_redirects_to_the_sign_in_page(
    visitor: Visitor, user: TestUser, path: str
) -> None:
    await signed_in(visitor, user)
    fields = fields_in(await visitor.get("/account"))
    await visitor.submit(await visitor.get("/logout"))

    answer = await visitor.http.post(path, data=fields)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("path", PAGES)
async def test_every_account_page_shows_the_username_and_binds_forms_to_a_session(
    visitor: Visitor, user: TestUser, path: str
) -> None:
    await signed_in(visitor, user)

    page = await visitor.follow(await visitor.get(path))

    if page.status_code == 404:  # mail is off
        return
    assert f"<bdi>{user.username}</bdi>" in page.text
    for action, fields in Form(page.text).forms:
        assert fields.get("page_session_id"), action


async def test_the_explanation_links_to_the_page_for_either_user(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    bob = await app.enrolled_user()
    fields = await with_two(visitor, user, bob, "/account/profile")

    answer = await visitor.http.post("/account/profile", data=fields)

    assert 'href="/account/profile"' in answer.text
    assert f'href="/login?next=profile&amp;username={user.username}"' in answer.text


async def test_a_form_of_one_user_does_not_change_the_profile_of_another(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    bob = await app.enrolled_user()
    await signed_in(visitor, user)
    page = await visitor.get("/account/profile")
    await signed_in(visitor, bob)

    await visitor.submit(page, to="/account/profile", name="Ada Lovelace")

    assert "name" not in await claims_of(app, bob)
    assert "name" not in await claims_of(app, user)


async def test_a_form_of_one_user_does_not_end_the_sessions_of_another(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    bob = await app.enrolled_user()
    async with visiting(app) as elsewhere:
        await signed_in(elsewhere, bob)
        await signed_in(visitor, user)
        await signed_in(visitor, user)
        async with visiting(app) as third:
            await signed_in(third, user)
            page = await visitor.get("/account")
        await signed_in(visitor, bob)

        await visitor.submit(page, to="/account/sessions/end-all")

        assert (await elsewhere.get("/account")).status_code == 200
    assert bob.username in text_of(await visitor.get("/account"))


async def test_a_form_of_one_user_does_not_replace_the_recovery_codes_of_another(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    bob = await app.enrolled_user()
    fields = await with_two(visitor, user, bob, "/account/recovery-codes")

    answer = await visitor.http.post("/account/recovery-codes", data=fields)

    assert answer.status_code == 409
    assert await services_of(app).factors.recovery_codes.count_left(await stored(app, bob)) == 0


async def test_a_form_of_one_user_does_not_download_the_data_of_another(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    bob = await app.enrolled_user()
    fields = await with_two(visitor, user, bob, "/account/data")

    answer = await visitor.http.post("/account/data/download", data=fields)

    assert answer.status_code == 409
    assert "content-disposition" not in answer.headers


async def test_a_page_opened_before_the_same_user_signed_in_again_still_works(
    visitor: Visitor, user: TestUser
) -> None:
    """The session goes on under a new secret"""
    await signed_in(visitor, user)
    page = await visitor.get("/account/profile")
    await signed_in(visitor, user)

    answer = await visitor.submit(page, to="/account/profile", name="Ada Lovelace")

    assert answer.headers["location"] == "/account/profile?saved=1"


@pytest.mark.parametrize("path", ["/login/otp", "/login/recovery", "/login/otp/passkey"])
async def test_a_second_factor_is_refused_for_a_sign_in_started_by_another_user(
    app: Application, visitor: Visitor, user: TestUser, path: str
) -> None:
    """Nor counted as a guess at their account"""
    bob = await app.enrolled_user()
    page = await visitor.give_password(await visitor.get("/login"), user)
    fields = fields_in(page)
    await visitor.give_password(await visitor.get("/login"), bob)
    before = await happened(app, (await stored(app, bob)).user_id)

    data = {**fields, "code": app.code(user), "recovery_code": "x", "credential": "{}"}
    answer = await visitor.http.post(path, data=data)

    assert answer.headers["location"] == "/login?told=other"
    explained = await visitor.follow(answer)
    assert "Someone else started signing in with this browser" in text_of(explained)
    assert await happened(app, (await stored(app, bob)).user_id) == before


async def test_an_authenticator_is_not_enrolled_for_a_sign_in_started_by_another_user(
    app: Application, visitor: Visitor
) -> None:
    ada, bob = await app.register(), await app.register()
    page = await visitor.give_password(await visitor.get("/login"), ada)
    assert page.url.path == "/login/enroll", page.url
    await visitor.give_password(await visitor.get("/login"), bob)

    answer = await visitor.submit(page, to="/login/enroll", code="000000")

    assert answer.headers["location"] == "/login?told=other"
    assert not (await stored(app, bob)).has_confirmed_otp
