"""Sessions, refusals, settings, claims and snippets of the console in a real browser."""

import re

from playwright.async_api import expect

from tests.browser.test_console import CONSOLE, enter, go_to
from tests.browser.test_pages_look import SIZES, look_at
from tests.browser.walk import Walk


async def test_claims_are_set_and_snippets_copied_with_and_without_scripts(walk: Walk) -> None:
    page, client = walk.page, await walk.app.create_client()
    await enter(walk, f"/clients/{client.client_id}")

    await page.get_by_role("link", name="Add a claim").click()
    await page.get_by_label("Claim", exact=True).fill("email")
    await page.get_by_label("In the ID token").check()
    await page.get_by_role("button", name="Save").click()
    await expect(page.locator("#name-error")).to_contain_text("This claim is reserved")
    await expect(page.get_by_label("In the ID token")).to_be_checked()
    await page.get_by_label("Claim", exact=True).fill("teams")
    await page.get_by_label("Text before each group").fill("sso:")
    await page.get_by_role("button", name="Save").click()
    claims = page.get_by_role("table", name="Claims")
    await expect(claims).to_contain_text("teams")

    await claims.get_by_role("link", name="Edit").click()
    await page.get_by_label("Source").select_option(label="The value below")
    await page.get_by_label("Text before each group").fill("")
    await page.locator("#value").fill("5")
    await page.get_by_label("Type of the value").select_option(label="Number")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("Your changes have been saved.")

    await page.get_by_role("link", name="fastapi").click()
    await expect(page.locator("#snippet")).to_contain_text(client.client_id)
    assert client.client_secret not in await page.content()
    await page.get_by_role("link", name=re.compile("client-")).click()
    await page.get_by_role("table", name="Claims").get_by_role("link", name="Remove").click()
    await page.get_by_role("button", name="Remove claim").click()
    await expect(page.get_by_role("status")).to_contain_text("Removed.")


async def test_a_session_is_found_and_ended_on_a_phone(walk: Walk) -> None:
    page, user = walk.page, await enter(walk, "")
    width, height = SIZES["phone"]
    await page.set_viewport_size({"width": width, "height": height})

    await page.goto(f"{walk.server.url}/account")
    await page.get_by_role("link", name="Open the console").click()
    await page.locator(".menu summary").click()
    await page.locator(".menu").get_by_role("link", name="Sessions", exact=True).click()
    await page.get_by_label("Username or user ID").fill(user.username)
    await page.get_by_role("button", name="Filter").click()
    await page.get_by_role("table").get_by_role("link", name="End").click()
    await page.get_by_role("button", name="End session").click()

    await page.wait_for_url("**/login*")  # it was their own


async def test_the_new_pages_are_accessible_and_fit_the_screen(scripted: Walk) -> None:
    page, client = scripted.page, await scripted.app.create_client()
    await scripted.app.token(client, grant_type="authorization_code", code="wrong")
    await enter(scripted)
    url = f"{scripted.server.url}{CONSOLE}"
    of_client = f"clients/{client.client_id}"
    places = {
        "sessions": "sessions",
        "sessions-wrong": "sessions?user=nobody&since=x",
        "sessions-none": "sessions?user=00000000000000000000000000000000",
        "refusals": "refusals",
        "refusals-wrong": "refusals?rule=x&until=y",
        "settings": "settings",
        "claims-new": f"{of_client}/claims/+new",
        "snippet": f"{of_client}/snippets/curl",
    }
    for name, place in places.items():
        await page.goto(f"{url}/{place}")
        await look_at(page, f"console-{name}")
    await page.goto(f"{url}/{of_client}/claims/+new")
    await page.get_by_label("Claim", exact=True).fill("sub")
    await page.get_by_role("button", name="Save").click()
    await look_at(page, "console-claims-wrong")
    await page.get_by_label("Claim", exact=True).fill("teams")
    await page.get_by_label("At UserInfo").check()
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("table", name="Claims").wait_for()
    await look_at(page, "console-client")
    await page.get_by_role("table", name="Claims").get_by_role("link", name="Remove").click()
    await look_at(page, "console-claims-remove")
    await go_to(scripted, "Sessions")
    await page.get_by_role("table").get_by_role("link", name="End").first.click()
    await look_at(page, "console-session-end")
    await page.goto(f"{scripted.server.url}/account")
    await look_at(page, "account-administrator")
