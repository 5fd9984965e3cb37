"""The account pages in a real browser: with and without scripts, and by the keyboard alone."""

import json
import re
from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.test_pages_look import look_at
from tests.browser.walk import Walk
from tests.support.application import TestUser
from tests.support.waiting import eventually

NEW = "another long password of mine"
PROTECTED = "Your account is protected by an authenticator app"


async def enter(walk: Walk) -> TestUser:
    user = await walk.app.enrolled_user()
    await walk.page.goto(f"{walk.server.url}/account")
    await walk.sign_in(user, steps=1)
    await expect(walk.page.get_by_role("heading", name=PROTECTED)).to_be_visible()
    return user


async def open_section(page: Page, name: str) -> None:
    await page.get_by_role("link", name=re.compile(f"^{name}")).click()


async def test_the_account_pages_work_from_editing_the_profile_to_deleting_the_account(
    walk: Walk, tmp_path: Path
) -> None:
    page = walk.page
    user = await enter(walk)

    await open_section(page, "Profile")
    await expect(page.get_by_label("Date of birth")).to_be_hidden()
    await page.get_by_label("Given name").fill("Ada")
    await page.get_by_text("More", exact=True).click()
    await page.get_by_label("Date of birth").fill("10/12/1815")
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#birthdate-error")).to_contain_text("Enter a date like")
    await expect(page.get_by_label("Given name")).to_have_value("Ada")
    await page.get_by_label("Date of birth").fill("1815-12-10")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("Your profile has been saved.")

    await page.get_by_role("link", name="Back to your account").click()
    await open_section(page, "Password")
    await page.locator("#current_password").fill(user.password)
    await page.locator("#password").fill(NEW)
    await page.get_by_role("button", name="Change password").click()
    await expect(page.get_by_role("status")).to_contain_text("Your password has been changed.")

    await page.get_by_role("link", name="Back to your account").click()
    await open_section(page, "Account activity")
    await expect(page.get_by_role("listitem").filter(has_text="Password changed")).to_be_visible()

    await page.get_by_role("link", name="Back to your account").click()
    await open_section(page, "Your data")
    for _ in range(2):  # a download leaves the page as it is, and can be had again
        async with page.expect_download() as downloading:
            await page.get_by_role("button", name="Download your data").click()
        await (await downloading.value).save_as(tmp_path / "data.json")
    said = json.loads((tmp_path / "data.json").read_text())
    assert said["account"]["profile"]["given_name"] == "Ada"
    await page.get_by_label("Your username").fill(user.username)
    await page.get_by_role("button", name="Delete my account").click()
    await expect(page.get_by_role("heading", name="Your account has been deleted")).to_be_visible()

    await page.goto(f"{walk.server.url}/account")
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


async def test_the_password_can_be_changed_with_the_keyboard_alone(scripted: Walk) -> None:
    """PAGES: the focus begins in the first field, and the field with the error takes it"""
    page = scripted.page
    user = await enter(scripted)
    link = page.get_by_role("link", name=re.compile("^Password"))
    for _ in range(20):
        await page.keyboard.press("Tab")
        if await link.evaluate("each => each === document.activeElement"):
            break
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/account/password")

    await page.keyboard.type("not the password")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.type(NEW)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("That's not your current password.")
    await expect(page.locator("#current_password")).to_be_focused()
    await page.keyboard.type(user.password)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.type(NEW)
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("status")).to_contain_text("Your password has been changed.")


async def test_every_account_page_is_accessible_and_fits_the_screen(scripted: Walk) -> None:
    page = scripted.page
    await enter(scripted)
    await look_at(page, "account-overview")
    for place in ("profile", "password", "activity", "data"):
        await page.goto(f"{scripted.server.url}/account/{place}")
        await look_at(page, f"account-{place}")


async def test_the_account_pages_are_translated_into_german(scripted: Walk) -> None:
    page = scripted.page
    await enter(scripted)
    for place, heading in {
        "profile": "Profil",
        "password": "Passwort ändern",
        "activity": "Aktivität",
        "data": "Ihre Daten",
    }.items():
        await page.goto(f"{scripted.server.url}/account/{place}?ui_locales=de")
        await expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
        text = await page.locator("main").inner_text()
        assert not re.search(r"\b(your|the|password)\b", text, re.IGNORECASE), text


async def test_an_access_token_is_created_copied_and_revoked(walk: Walk) -> None:
    """Shown once, and gone when the page is opened again"""
    page = walk.page
    name = walk.app.new_name("photos")
    await walk.server.run(
        "resources", "create", name, "--identifier", f"https://{name}.example", "--title", name,
        "--scope", "read=See your photos", "--open-to-all-clients", "--allow-personal-tokens",
    )  # fmt: skip
    form = f"{walk.server.url}/account/tokens?resource={name}"
    permissions = page.get_by_role("group", name=f"Permissions for {name}")

    async def is_offered() -> bool:
        await page.goto(form)
        return await permissions.is_visible()

    await enter(walk)
    await eventually(is_offered)  # the server reads resources every ten seconds
    await page.goto(f"{walk.server.url}/account")

    await open_section(page, "Access tokens")
    await expect(page.get_by_text("Your access tokens appear here")).to_be_visible()
    await page.goto(form)
    await page.get_by_label("Name").fill("Backup")
    await page.get_by_label("Valid for (days)").fill("400")
    await page.get_by_label("See your photos").check()
    await page.get_by_role("button", name="Create the token").click()
    await expect(page.locator("#days-error")).to_contain_text("from 1 to 365")
    await expect(page.get_by_label("Name")).to_have_value("Backup")
    await page.get_by_label("Valid for (days)").fill("30")
    await page.get_by_role("button", name="Create the token").click()

    await expect(page.get_by_role("status")).to_contain_text("It isn't shown again.")
    assert (await page.locator("#token").inner_text()).startswith("postern_pt_")
    await page.goto(f"{walk.server.url}/account/tokens")
    await expect(page.locator("#token")).to_have_count(0)
    await page.get_by_role("button", name="Revoke Backup").click()
    await expect(page.get_by_text("Your access tokens appear here")).to_be_visible()
