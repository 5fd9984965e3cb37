"""`/.well-known/change-password` (W3C, A Well-Known URL for Changing Passwords)."""

from tests.support.application import Application, TestUser
from tests.support.visitor import Visitor, text_of

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""


async def test_password_managers_are_led_to_the_page_that_changes_the_password(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    redirect = await visitor.get("/.well-known/change-password")
    page = await visitor.sign_in(await visitor.follow(redirect), user)

    assert redirect.status_code == 303
    assert redirect.headers["location"] == "/account/password"
    assert page.request.url.path == "/account/password"
    assert "New password" in text_of(page)


async def test_an_unknown_well_known_address_is_not_found(app: Application) -> None:
    """Password managers ask for this one first, to learn whether 404 is meant"""
    response = await app.http.get(
        "/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"
    )

    assert response.status_code == 404
