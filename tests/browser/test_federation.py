"""A person in a real browser signs in by a second Postern: through every redirect and policy."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page

from tests.browser.walk import Walk, walking
from tests.support.application import TestUser
from tests.support.people import person_with
from tests.support.two_posterns import LABEL, TwoPosterns, two_posterns


@pytest_asyncio.fixture(scope="module")
async def posterns(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TwoPosterns]:
    directories = [tmp_path_factory.mktemp(name) for name in ("company", "here")]
    async with two_posterns(*directories) as running:
        yield running


@pytest_asyncio.fixture(params=[True, False], ids=["scripts", "no scripts"])
async def walk(
    browser: Browser, posterns: TwoPosterns, request: pytest.FixtureRequest
) -> AsyncIterator[Walk]:
    """A browser at the server here; codes are those of the company."""
    async with walking(
        browser, posterns.here, posterns.at_company, java_script_enabled=request.param
    ) as made:
        yield made


async def go_by_the_company(page: Page) -> None:
    await page.get_by_role("button", name=f"Continue with {LABEL}").click()


async def sign_in_there(posterns: TwoPosterns, walk: Walk, user: TestUser) -> None:
    await walk.page.wait_for_url(f"http://localhost:{posterns.company.port}/**")
    await walk.sign_in(user, steps=1)
    await walk.page.get_by_role("button", name="Allow").click()


async def test_a_user_creates_an_account_with_an_identity_provider_and_signs_in_again(
    posterns: TwoPosterns, walk: Walk
) -> None:
    user = await person_with(posterns.at_company, email="cleo@company.example")
    name = posterns.app.new_name()
    page = walk.page
    await page.goto(f"{posterns.here.url}/login")

    await go_by_the_company(page)
    await sign_in_there(posterns, walk, user)
    await page.get_by_role("heading", name="You don't have an account here yet").wait_for()
    await page.get_by_label("Username").fill(name)
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_role("heading", name="Your account is protected by").wait_for()

    await walk.context.clear_cookies(domain="127.0.0.1")
    await page.goto(f"{posterns.here.url}/login")
    await go_by_the_company(page)
    await page.get_by_role("heading", name="Your account is protected by").wait_for()

    assert page.url == f"{posterns.here.url}/account"
    assert await page.get_by_text(name).count() > 0


async def test_a_user_signs_in_to_a_client_with_an_identity_provider(
    posterns: TwoPosterns, walk: Walk
) -> None:
    """The policy of the first form, with the application's origin, is not in the way."""
    user = await person_with(posterns.at_company)
    client = await posterns.app.create_client(redirect_uri=walk.callback)
    page = walk.page
    await walk.authorize(client)

    await go_by_the_company(page)
    await sign_in_there(posterns, walk, user)
    await page.get_by_label("Username").fill(posterns.app.new_name())
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_role("button", name="Allow").click()
    answer = await walk.answer()

    assert "code" in answer


async def test_going_back_from_the_identity_provider_resumes_the_same_sign_in_request(
    posterns: TwoPosterns, walk: Walk
) -> None:
    client = await posterns.app.create_client(redirect_uri=walk.callback)
    page = walk.page
    await walk.authorize(client)
    await go_by_the_company(page)
    await page.wait_for_url(f"http://localhost:{posterns.company.port}/**")

    await page.get_by_role("button", name="Back to").click()
    await page.get_by_text("You didn't finish signing in.").first.wait_for()

    assert page.url.startswith(f"{posterns.here.url}/login?request_id=")
