"""A television and its person in a real browser (RFC 8628)."""

import pytest_asyncio
from playwright.async_api import expect

from tests.browser.walk import Walk
from tests.protocol.devices import Device, start_device
from tests.support.application import Application
from tests.support.assertions import assert_oauth_error


@pytest_asyncio.fixture
async def device(app: Application) -> Device:
    return await start_device(app)


async def test_a_device_gets_tokens_after_the_user_enters_its_code_and_allows_it(
    walk: Walk, device: Device
) -> None:
    app, page = walk.app, walk.page
    user = await app.enrolled_user()
    assert_oauth_error(await device.ask(), "authorization_pending")
    await page.goto(f"{walk.server.url}/device")
    await page.get_by_label("Code on your device").fill(device.user_code.lower().replace("-", " "))
    await page.get_by_role("button", name="Continue").click()
    await walk.sign_in(user, steps=1)

    await expect(page.get_by_text(device.user_code)).to_be_visible()
    await page.get_by_role("button", name="Allow").click()
    await expect(page.get_by_role("heading", name="Your device is connected")).to_be_visible()

    tokens = (await device.ask()).json()
    assert (await app.profile(tokens["access_token"])).json()["username"] == user.username


async def test_a_device_can_be_connected_with_the_keyboard_alone(
    walk: Walk, device: Device
) -> None:
    """PAGES: from start to end"""
    page, user = walk.page, await walk.app.enrolled_user()
    await page.goto(f"{walk.server.url}/device")
    await expect(page.get_by_label("Code on your device")).to_be_focused()
    await page.keyboard.type(device.user_code)
    await page.keyboard.press("Enter")
    await walk.sign_in(user, steps=1)

    allow = page.get_by_role("button", name="Allow")
    await allow.wait_for()
    for _ in range(12):
        if await allow.evaluate("button => button === document.activeElement"):
            break
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="Your device is connected")).to_be_visible()
    assert (await device.ask()).status_code == 200


async def test_going_back_after_cancelling_cannot_allow_the_device(
    walk: Walk, device: Device
) -> None:
    """SECURITY_BAR row 34"""
    page, user = walk.page, await walk.app.enrolled_user()
    await page.goto(f"{walk.server.url}/device?user_code={device.user_code}")
    await walk.sign_in(user, steps=1)
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_text("Nothing was shared")).to_be_visible()

    await page.go_back()
    if await page.get_by_role("button", name="Allow").count():
        await page.get_by_role("button", name="Allow").click()

    await expect(page.get_by_role("alert")).to_contain_text("We don't recognise that code.")
    assert_oauth_error(await device.ask(), "access_denied")
