"""Recovery codes in a browser: saved in one of three ways, and used when the phone is lost."""

import asyncio
from pathlib import Path

from playwright.async_api import expect

from tests.browser.walk import Walk
from tests.support.application import TestUser


async def at_the_codes(walk: Walk) -> TestUser:
    """A person at the page that shows them once."""
    user = await walk.app.register()
    await walk.authorize(await walk.app.create_client())
    await walk.give_password(user)
    secret = await walk.secret()
    await walk.type_code(walk.code_of(secret, steps=-1))
    await walk.page.locator("#codes").wait_for()
    return TestUser(user.username, user.password, secret)


async def test_a_downloaded_recovery_code_replaces_the_authenticator_app(walk: Walk) -> None:
    page = walk.page
    user = await at_the_codes(walk)
    async with page.expect_download() as started:
        await page.get_by_text("Download").click()
    download = await started.value
    written = await asyncio.to_thread(Path(await download.path()).read_text)
    codes = await walk.save_codes()
    assert download.suggested_filename == "recovery-codes.txt"
    assert all(code in written for code in codes)
    assert user.username in written

    await walk.authorize(await walk.app.create_client(), prompt="login")
    await walk.give_password(user)
    await page.get_by_text("Use a recovery code").click()
    await page.get_by_label("Recovery code").fill(codes[0].upper())
    await page.get_by_role("button", name="Continue").click()

    await expect(page.get_by_role("button", name="Allow")).to_be_visible()


async def test_the_user_must_confirm_that_the_codes_are_saved(walk: Walk) -> None:
    await at_the_codes(walk)

    await walk.page.get_by_role("button", name="Continue").click()

    await expect(walk.page.locator("#codes")).to_be_visible()
    await walk.save_codes()
    await expect(walk.page.get_by_role("button", name="Allow")).to_be_visible()


async def test_the_codes_are_not_shown_again_after_a_reload(scripted: Walk) -> None:
    await at_the_codes(scripted)

    await scripted.page.reload()

    await expect(scripted.page.locator("#codes")).to_have_count(0)


async def test_the_codes_are_copied_one_per_line_and_printed_without_buttons(
    scripted: Walk,
) -> None:
    page = scripted.page
    await scripted.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.add_init_script("window.print = () => (document.title = 'printed')")
    await at_the_codes(scripted)
    shown = await page.locator("#codes code").all_text_contents()

    await page.get_by_role("button", name="Copy").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = await page.evaluate("navigator.clipboard.readText()")
    await page.get_by_role("button", name="Print").click()

    assert copied.split() == shown
    await expect(page).to_have_title("printed")
    await page.emulate_media(media="print")
    await expect(page.locator("#codes")).to_be_visible()
    await expect(page.get_by_role("button")).to_have_count(0)


async def test_a_user_can_replace_the_authenticator_app(walk: Walk) -> None:
    page = walk.page
    user = await at_the_codes(walk)
    await walk.save_codes()
    await page.goto(f"{walk.server.url}/account/authenticator")
    await page.get_by_text("Set up a different authenticator app").click()

    new = TestUser(user.username, user.password, await walk.secret())
    await page.locator("#code").fill(walk.code_of(new.otp_secret, steps=-1))
    if not walk.has_scripts:
        await page.get_by_role("button", name="Use this app from now on").click()
    codes = await walk.save_codes()

    assert len(codes) == 10
    await expect(page.get_by_role("heading", name="Authenticator app")).to_be_visible()
    await walk.authorize(await walk.app.create_client(), prompt="login")
    await walk.sign_in(new)
    await expect(page.get_by_role("button", name="Allow")).to_be_visible()
