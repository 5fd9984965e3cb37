"""What the script adds to the pages, and that nothing is missing without it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.gallery import ORIGIN, open_gallery, show
from tests.browser.patience import set_time_limits
from tests.browser.states import WRONG_CODE
from tests.support.waiting import eventually


@dataclass
class Shown:
    page: Page
    posted: list[dict[str, str]]
    away: list[str]

    async def posts(self, count: int = 1) -> None:
        await eventually(lambda: len(self.posted) == count)


@pytest_asyncio.fixture
async def shown(browser: Browser) -> AsyncIterator[Shown]:
    context = await browser.new_context(locale="en-GB", timezone_id="Asia/Tokyo")
    set_time_limits(context)
    await context.grant_permissions(["clipboard-read", "clipboard-write"], origin=ORIGIN)
    sent = await open_gallery(context)
    yield Shown(await context.new_page(), sent.forms, sent.away)
    await context.close()


async def test_a_password_can_be_shown_and_is_hidden_again_on_submit(shown: Shown) -> None:
    page = shown.page
    await show(page, "login")
    password = page.locator("#password")
    await page.locator("#username").fill("ada")
    await password.fill("a good long password")

    await page.get_by_role("button", name="Show password").click()
    await expect(password).to_have_attribute("type", "text")
    await page.get_by_role("button", name="Hide password").click()
    await expect(password).to_have_attribute("type", "password")
    await page.get_by_role("button", name="Show password").click()
    await password.press("Enter")

    await shown.posts()
    assert shown.posted[0]["password"] == "a good long password"
    await expect(password).to_have_attribute("type", "password")


async def test_a_key_is_copied_without_its_display_spaces(shown: Shown) -> None:
    page = shown.page
    await show(page, "enroll")
    await page.get_by_text("Can't scan the code?").click()

    await page.get_by_role("button", name="Copy").click()

    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == "JBSWY3DPEHPK3PXP" * 2


async def test_six_digits_are_submitted_automatically_and_only_once(shown: Shown) -> None:
    page = shown.page
    await show(page, "otp")
    await expect(page.locator("#code")).to_be_focused()

    await page.keyboard.type("123 45")
    assert shown.posted == []
    await page.keyboard.type("6")
    await shown.posts()
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Continue").click()

    assert [each["code"] for each in shown.posted] == ["123 456"]


async def test_a_double_click_submits_the_form_once(shown: Shown) -> None:
    page = shown.page
    await show(page, "consent")

    await page.get_by_role("button", name="Allow").dblclick()
    await shown.posts()

    assert [each["decision"] for each in shown.posted] == ["allow"]
    await expect(page.get_by_role("button", name="Allow")).to_have_attribute("aria-busy", "true")


async def test_the_only_field_with_an_error_has_the_focus_and_its_message_is_the_alert(
    shown: Shown,
) -> None:
    """PAGES: beside its field, role="alert"; each error is shown once"""
    page = shown.page
    await show(page, "otp-wrong")
    await expect(page.locator("#code")).to_be_focused()
    await expect(page.locator("#code")).to_have_accessible_description(WRONG_CODE)
    await expect(page.get_by_role("alert")).to_have_text(WRONG_CODE)

    await page.keyboard.type("654321")

    await shown.posts()
    assert shown.posted[0]["code"] == "654321"


async def test_the_summary_of_several_errors_has_the_focus_and_leads_to_the_first(
    shown: Shown,
) -> None:
    page = shown.page
    await show(page, "create-account-wrong")
    await expect(page.get_by_role("alert")).to_be_focused()
    await expect(page.get_by_role("alert")).to_have_text("Check the 3 marked fields.")

    await page.get_by_role("alert").get_by_role("link").press("Enter")

    await expect(page.locator("#username")).to_be_focused()


async def test_typing_after_several_errors_fills_the_first_invalid_field(shown: Shown) -> None:
    page = shown.page
    await show(page, "create-account-wrong")
    await expect(page.get_by_role("alert")).to_be_focused()

    await page.keyboard.type("lovelace")

    await expect(page.locator("#username")).to_have_value("lovelace")


async def test_a_device_code_is_grouped_while_it_is_typed(shown: Shown) -> None:
    page = shown.page
    await show(page, "device")
    field = page.locator("#user_code")
    await expect(field).to_be_focused()

    await page.keyboard.type("wdjb mj")
    await expect(field).to_have_value("WDJB-MJ")
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Backspace")
    await page.keyboard.press("Backspace")
    await expect(field).to_have_value("WDJB")
    await page.keyboard.type("-mjht")

    await expect(field).to_have_value("WDJB-MJHT")


async def test_a_logo_that_fails_to_load_is_replaced_by_the_first_letter(shown: Shown) -> None:
    await show(shown.page, "login-broken-logo")
    await expect(shown.page.locator(".tile img")).to_have_count(0)
    await expect(shown.page.locator(".tile")).to_have_text("P")

    await show(shown.page, "login-logo")
    await expect(shown.page.locator(".tile img")).to_have_count(1)


async def test_times_are_shown_in_the_time_zone_of_the_browser(shown: Shown) -> None:
    await show(shown.page, "account")

    first = shown.page.locator("time").first
    await expect(first).to_contain_text("6:41")
    assert await first.get_attribute("datetime") == "2026-11-25T09:41:00+00:00"


async def test_a_form_post_response_submits_itself(shown: Shown) -> None:
    await show(shown.page, "form-post")

    await shown.posts()

    assert shown.posted == [{"code": "x"}]


async def test_the_browser_is_redirected_after_the_logout_frames_load(shown: Shown) -> None:
    await show(shown.page, "logged-out-onwards")

    await eventually(lambda: len(shown.away) == 2)

    assert shown.away == ["https://photos.example.com/frame", "https://photos.example.com/"]


async def test_without_javascript_buttons_that_require_it_are_absent(browser: Browser) -> None:
    context = await browser.new_context(java_script_enabled=False)
    sent = await open_gallery(context)
    page = await context.new_page()

    for state, name in (("login", "Show"), ("enroll", "Copy"), ("error-application", "Copy")):
        await show(page, state)
        await expect(page.get_by_role("button", name=name)).to_have_count(0)
    await show(page, "otp")
    await page.locator("#code").fill("123456")
    await page.get_by_role("button", name="Continue").click()

    await eventually(lambda: [each["code"] for each in sent.forms] == ["123456"])
    await context.close()
