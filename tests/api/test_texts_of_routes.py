"""What the routes of pages pass to templates is translated, which a pseudo-locale shows."""

from collections.abc import Iterator

import pytest

from app.pages.account.registry import ACCOUNT_PAGES
from tests.support.account import signed_in
from tests.support.application import Application, TestUser
from tests.support.pseudo_locale import PSEUDO, pseudo_locale, unmarked_in_page
from tests.support.visitor import Visitor

OF_EVERYBODY = (
    *("/", "/login", "/create-account", "/recover", "/device", "/logout"),
    *("/docs/oauth2-redirect.html", "/authorize", "/verify-email", "/nothing"),
)
OF_THE_USER = (
    *("/account", "/account/authenticator/new", "/account/activity?before=9"),
    *(f"/account/{page.place}" for page in ACCOUNT_PAGES),
)
UNAVAILABLE = {"/account/email"}
"""Pages that a server without mail answers with an error page."""


@pytest.fixture(scope="module", autouse=True)
def translated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pseudo_locale(tmp_path_factory.mktemp("translations")):
        yield


async def known_texts(app: Application, user: TestUser) -> set[str]:
    """Return what pages show untranslated: names, the form of a code, and endpoints."""
    return {"Postern", "XXXX-XXXX", user.username, *(await app.http.get("/")).json()["endpoints"]}


@pytest.mark.parametrize("path", OF_EVERYBODY)
async def test_each_text_of_a_page_is_translated(
    path: str, visitor: Visitor, app: Application, user: TestUser
) -> None:
    page = await visitor.get(path, ui_locales=PSEUDO)

    assert page.headers["content-language"] == PSEUDO
    assert unmarked_in_page(page.text, known=await known_texts(app, user)) == []


async def test_each_text_of_the_account_pages_is_translated(
    visitor: Visitor, app: Application, user: TestUser
) -> None:
    await signed_in(visitor, user)

    for path in OF_THE_USER:
        page = await visitor.http.get(path, headers={"accept-language": PSEUDO})

        assert page.status_code == (404 if path in UNAVAILABLE else 200), path
        assert unmarked_in_page(page.text, known=await known_texts(app, user)) == [], path


@pytest.mark.parametrize("path", ["/login", "/recover", "/device", "/login/otp", "/consent"])
async def test_each_text_of_a_refusal_is_translated(path: str, visitor: Visitor) -> None:
    page = await visitor.http.post(path, params={"ui_locales": PSEUDO}, data={"csrf_token": "x"})

    assert page.status_code >= 400
    assert unmarked_in_page(page.text, known=["Postern"]) == []
