"""Tokens for the registration of clients in the console, in a real browser."""

from playwright.async_api import expect

from tests.browser.test_console import CONSOLE, enter, go_to
from tests.browser.test_pages_look import look_at
from tests.browser.walk import Walk


async def test_an_initial_access_token_is_created_and_revoked(walk: Walk) -> None:
    page, note = walk.page, walk.app.new_name("Team")
    await enter(walk)

    await go_to(walk, "Initial access tokens")
    await page.get_by_role("link", name="Create a token").click()
    await page.get_by_label("Note").fill(note)
    await page.get_by_label("The token expires").select_option(label="In 30 days")
    await page.get_by_role("button", name="Create token").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Copy the secret now")
    await page.get_by_role("link", name="Continue").click()

    await page.get_by_role("row", name=note).get_by_role("link", name="Revoke").click()
    await page.get_by_role("button", name="Revoke token").click()
    await expect(page.get_by_role("status")).to_contain_text("Removed.")
    await expect(page.get_by_role("row", name=note)).to_have_count(0)


async def test_the_pages_of_tokens_are_accessible_and_fit_the_screen(scripted: Walk) -> None:
    page, client = scripted.page, await scripted.app.create_client()
    url = f"{scripted.server.url}{CONSOLE}"
    await enter(scripted)
    await page.goto(f"{url}/initial-access-tokens")
    await look_at(page, "console-initial-access-tokens-list")
    await page.goto(f"{url}/initial-access-tokens/+new")
    await page.get_by_label("Note").fill("a-very-long-note-of-a-token" * 7)
    await page.get_by_role("button", name="Create token").click()
    await look_at(page, "console-initial-access-token-secret")
    await page.get_by_role("link", name="Continue").click()
    await page.get_by_role("link", name="Revoke").first.click()
    await look_at(page, "console-initial-access-token-revoke")

    await page.goto(f"{url}/clients/{client.client_id}/registration-token")
    await look_at(page, "console-registration-token-issue")
    await page.get_by_role("button", name="Issue token").click()
    await look_at(page, "console-registration-token-secret")
    await page.get_by_role("link", name="Continue").click()
    await look_at(page, "console-registration-token-client")
