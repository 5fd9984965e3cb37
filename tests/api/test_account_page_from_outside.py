"""An account page of somebody else's: declared by an `AccountPage`, it works everywhere."""

from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import HTMLResponse, Response

from app.pages.account.base import AccountRequest, AccountRequestDep, account_router
from app.pages.account.pages import AccountPage
from app.pages.account.registry import ACCOUNT_PAGES
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS, signed_in
from tests.support.application import Application, TestUser
from tests.support.identity_provider import fields_in
from tests.support.visitor import Visitor, text_of

DATABASES = ("sqlite",)
PATH, VIEWED = "/account/newsletter", "/account/badges"
FLAGS = {
    "needs_fresh_sign_in": True,
    "accepts_mail_code": False,
    "always_needs_second_factor": False,
}


async def greet(request: AccountRequestDep) -> Response:
    return HTMLResponse(f"<p>News for {request.user.username}</p>")


async def subscribe(request: AccountRequestDep) -> Response:
    request.check()
    return HTMLResponse("<p>Subscribed</p>")


async def newsletter_state(request: AccountRequest) -> str:
    return f"Not subscribed, {request.user.username}"


def page_at(path: str, **flags: bool) -> AccountPage:
    router = account_router()
    router.add_api_route(path, greet, methods=["GET"])
    router.add_api_route(path, subscribe, methods=["POST"])
    place = path.rpartition("/")[2]
    return AccountPage(
        place=place,
        label=f"The {place}",
        router=router,
        state=newsletter_state if path == PATH else None,
        **{**FLAGS, **flags},
    )


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    pages = (*ACCOUNT_PAGES, page_at(PATH), page_at(VIEWED, needs_fresh_sign_in=False))
    return await start_app(account_pages=pages)


async def test_it_is_reachable_and_in_the_menu(visitor: Visitor, user: TestUser) -> None:
    await signed_in(visitor, user)

    overview, page = await visitor.get("/account"), await visitor.get(PATH)

    assert f'href="{PATH}"' in overview.text
    assert f"The newsletter Not subscribed, {user.username}" in " ".join(text_of(overview).split())
    assert text_of(page).strip() == f"News for {user.username}"


async def test_it_requires_a_sign_in_that_returns_to_it(visitor: Visitor, user: TestUser) -> None:
    login = await visitor.get(PATH)

    page = await visitor.sign_in(await visitor.follow(login), user)

    assert login.headers["location"] == "/login?next=newsletter"
    assert page.url.path == PATH


async def test_it_requires_a_fresh_sign_in_if_it_declares_so(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    app.clock.advance(seconds=FRESH_SECONDS)

    again = await visitor.get(PATH)
    posted = await visitor.http.post(PATH, data=await own_fields(visitor))

    where = f"/login?next=newsletter&username={user.username}"
    assert (again.headers["location"], posted.headers["location"]) == (where, where)
    assert (await visitor.sign_in(await visitor.follow(again), user)).url.path == PATH


async def test_a_page_that_does_not_declare_so_opens_with_any_sign_in(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    await signed_in(visitor, user)
    app.clock.advance(seconds=FRESH_SECONDS)

    page = await visitor.get(VIEWED)
    login = await visitor.get("/login", next="badges")

    assert text_of(page).strip() == f"News for {user.username}"
    assert 'name="next"' not in login.text


async def test_its_forms_are_refused_without_a_csrf_token_or_for_another_account(
    app: Application, visitor: Visitor, user: TestUser
) -> None:
    """SECURITY_BAR row 30"""
    await signed_in(visitor, user)
    fields = await own_fields(visitor)

    accepted = await visitor.http.post(PATH, data=fields)
    forged = await visitor.http.post(PATH, data={**fields, "csrf_token": ""})
    await signed_in(visitor, await app.enrolled_user())
    of_another = await visitor.http.post(PATH, data=fields)

    assert (accepted.status_code, forged.status_code) == (200, 403)
    assert of_another.status_code == 409
    assert f'href="{PATH}"' in of_another.text


async def test_it_does_not_exist_in_an_application_without_it(
    start_app: AppFactory, visitor: Visitor
) -> None:
    plain = await start_app()

    assert (await plain.http.get(PATH)).status_code == 404


@pytest.mark.parametrize("missing", FLAGS)
def test_a_page_without_a_flag_cannot_be_declared(missing: str) -> None:
    flags: dict[str, Any] = {name: value for name, value in FLAGS.items() if name != missing}

    with pytest.raises(TypeError, match=missing):
        AccountPage(place="newsletter", label="News", router=account_router(), **flags)


async def own_fields(visitor: Visitor) -> dict[str, str]:
    """The fields of the forms in this browser: its CSRF token, and the session of its user."""
    return fields_in(await visitor.get("/account"))
