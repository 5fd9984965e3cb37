"""A second running Postern as the provider by which people sign in."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.foreign.colleague import BUTTON, Colleague, colleague_at
from tests.support.application import TestUser
from tests.support.identity_provider import asked_in, fields_in
from tests.support.two_posterns import LABEL, NAME, TwoPosterns, two_posterns
from tests.support.visitor import Visitor, text_of

CONNECT = "/account/connections/link"


@pytest_asyncio.fixture(scope="module")
async def posterns(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TwoPosterns]:
    directories = [tmp_path_factory.mktemp(name) for name in ("company", "here")]
    async with two_posterns(*directories) as running:
        yield running


@pytest_asyncio.fixture
async def colleague(posterns: TwoPosterns) -> AsyncIterator[Colleague]:
    async with colleague_at(posterns) as made:
        yield made


async def test_a_user_creates_an_account_with_the_identity_provider_and_signs_in_again(
    posterns: TwoPosterns, colleague: Colleague
) -> None:
    name = posterns.app.new_name()

    new = await colleague.signs_in()
    home = await colleague.visitor.follow(
        await colleague.visitor.submit(new, to="/login/new-here", username=name)
    )
    await colleague.forgets_everything()
    again = await colleague.signs_in()
    people = await posterns.operator("users", "show", "--json", name)

    assert f"You're signed in to {LABEL} as" in text_of(new)
    assert "@company.example" in text_of(new)
    assert "Cleo Colleague" in home.text
    assert "Your account" in again.text
    assert name in again.text
    assert '"email_verified": false' in people


async def test_a_user_with_a_linked_identity_provider_still_needs_their_local_code(
    posterns: TwoPosterns, colleague: Colleague
) -> None:
    user = await posterns.app.register()
    await posterns.app.verify_otp(user.username, posterns.app.code(user, steps=-1))
    visitor = colleague.visitor
    await _sign_in(posterns, visitor, user)
    page = await visitor.get("/account/connections")
    form = {"provider": NAME, **fields_in(page)}
    linked = await colleague.goes(await visitor.http.post(CONNECT, data=form))
    await colleague.forgets_everything()

    otp = await colleague.signs_in()
    home = await visitor.follow(await visitor.submit(otp, code=posterns.app.code(user, steps=1)))

    assert "Account connected. You can now sign in with it." in text_of(linked)
    assert "Enter your security code" in otp.text
    assert "Your account" in home.text
    assert user.username in home.text


async def test_a_client_gets_its_code_after_a_sign_in_with_the_identity_provider(
    posterns: TwoPosterns, colleague: Colleague
) -> None:
    client = await posterns.app.create_client()
    visitor = colleague.visitor

    page = await visitor.authorize(client)
    new = await colleague.goes(await visitor.submit(page, to=BUTTON))
    consent = await visitor.follow(
        await visitor.submit(new, to="/login/new-here", username=posterns.app.new_name())
    )
    answer = await visitor.allow(consent)

    assert answer.headers["location"].startswith("http://localhost:3000/callback?code=")


async def test_cancelling_at_the_identity_provider_returns_to_the_sign_in_page(
    posterns: TwoPosterns, colleague: Colleague
) -> None:
    visitor, person = colleague.visitor, colleague.person
    asked = asked_in(await visitor.submit(await visitor.get("/login"), to=BUTTON))
    parts = urlsplit(asked.url)
    login = await person.follow(await person.http.get(f"{parts.path}?{parts.query}"))

    cancelled = await person.submit(login, to="/login/cancel")
    back = urlsplit(cancelled.headers["location"])
    page = await visitor.follow(await visitor.http.get(f"{back.path}?{back.query}"))

    assert "You didn't finish signing in." in text_of(page)
    assert 'action="/login"' in page.text


async def _sign_in(posterns: TwoPosterns, visitor: Visitor, user: TestUser) -> None:
    otp = await visitor.give_password(await visitor.get("/login"), user)
    code = posterns.app.code(user)
    home = await visitor.follow(await visitor.submit(otp, code=code))
    assert "Your account" in home.text, home.text
