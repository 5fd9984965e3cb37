"""The console in a real browser: with and without scripts, and by the keyboard alone."""

import re

from playwright.async_api import expect

from tests.browser.test_pages_look import look_at
from tests.browser.walk import Walk
from tests.support.application import TestUser

CONSOLE = "/admin"


async def enter(walk: Walk, place: str = "") -> TestUser:
    """Sign a new administrator in, on the way to a page of the console."""
    user = await walk.app.enrolled_user()
    await walk.server.run("admin", "create", user.username)
    await walk.page.goto(f"{walk.server.url}{CONSOLE}{place}")
    await walk.sign_in(user, steps=1)
    await walk.page.locator("main.board").wait_for()
    return user


async def test_the_console_works_from_a_group_to_its_members_and_their_roles(walk: Walk) -> None:
    page, member = walk.page, await walk.app.enrolled_user()
    await enter(walk)
    name = walk.app.new_name("Operators")

    await go_to(walk, "Roles")
    await page.get_by_role("link", name="Create a role").click()
    await page.get_by_label("Name", exact=True).fill(role := walk.app.new_name("editor"))
    await page.get_by_role("button", name="Create role").click()
    await expect(page.get_by_role("status")).to_contain_text("Created.")

    await go_to(walk, "Groups")
    await page.get_by_role("link", name="Create a group").click()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_role("button", name="Create group").click()
    await expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()

    await page.get_by_role("link", name="Add a member").click()
    await page.get_by_label("Username").fill("nobody")
    await page.get_by_role("button", name="Add member").click()
    await expect(page.locator("#username-error")).to_contain_text("There is no user")
    await page.get_by_label("Username").fill(member.username)
    await page.get_by_role("button", name="Add member").click()
    await page.get_by_role("link", name="Grant a role").click()
    await page.get_by_label("Role").select_option(label=role)
    await page.get_by_role("button", name="Grant role").click()
    await expect(page.get_by_role("table", name="Roles")).to_contain_text(role)

    await page.get_by_role("link", name=member.username).click()
    await expect(page.get_by_role("table", name="Groups")).to_contain_text(name)
    await page.get_by_role("link", name="Disable").click()
    await page.get_by_role("button", name="Disable user").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("disabled")

    await go_to(walk, "Audit log")
    await page.get_by_label("Event begins with").fill("user.disabled")
    await page.get_by_role("button", name="Filter").click()
    await expect(page.get_by_role("table")).to_contain_text(member.username)
    async with page.expect_download() as downloading:
        await page.get_by_role("link", name="Download as CSV").click()
    assert (await downloading.value).suggested_filename == "audit.csv"


async def test_the_console_connects_a_provider_an_api_and_another_system(walk: Walk) -> None:
    page = walk.page
    await enter(walk)
    group, name = walk.app.new_name("Operators"), walk.app.new_name("work").lower()

    await go_to(walk, "Groups")
    await page.get_by_role("link", name="Create a group").click()
    await page.get_by_label("Name", exact=True).fill(group)
    await page.get_by_role("button", name="Create group").click()

    await go_to(walk, "Identity providers")
    await page.get_by_role("link", name="Add an identity provider").click()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Issuer").fill(f"https://{name}.example.com")
    await page.get_by_label("Client ID").fill("postern")
    await page.get_by_label("Client secret").fill("a secret of the provider")
    await page.get_by_role("button", name="Add identity provider").click()
    await expect(page.get_by_role("heading", name=name, level=1)).to_contain_text("enabled")
    await page.get_by_role("link", name="Map a group").click()
    await page.get_by_label("Value of the claim").fill("ops")
    await page.get_by_label("Name of the group here").fill("nothing")
    await page.get_by_role("button", name="Map group").click()
    await expect(page.locator("#group-error")).to_contain_text("There is no group")
    await page.get_by_label("Name of the group here").fill(group)
    await page.get_by_role("button", name="Map group").click()
    await expect(page.get_by_role("table", name="Groups")).to_contain_text(group)

    await go_to(walk, "Scopes")
    await page.get_by_role("link", name="Add a scope").click()
    scope = f"https://api.example.com/{walk.app.new_name('reports')}"
    await page.get_by_label("Name", exact=True).fill(scope)
    await page.get_by_label("Sentence on the consent page").fill("Read your reports")
    await page.get_by_role("button", name="Add scope").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(scope)

    await go_to(walk, "Webhooks")
    await page.get_by_role("link", name="Create a webhook").click()
    await page.get_by_label("URL").fill("https://crm.example.com/events")
    await page.get_by_role("button", name="Create webhook").click()
    await expect(page.get_by_role("alert")).to_contain_text("Choose at least one event.")
    await page.get_by_label("User deleted").check()
    await page.get_by_role("button", name="Create webhook").click()
    await expect(page.locator("#secret")).to_contain_text("whsec_")
    await page.get_by_role("link", name="Continue").click()
    await page.get_by_role("link", name="Disable").click()
    await page.get_by_role("button", name="Disable webhook").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("disabled")


async def test_the_pages_of_what_is_connected_are_accessible_and_fit_the_screen(
    scripted: Walk,
) -> None:
    page = scripted.page
    await enter(scripted)
    for place in ("webhooks", "scopes", "providers", "resources"):
        await page.goto(f"{scripted.server.url}{CONSOLE}/{place}")
        await look_at(page, f"console-{place}")
        await page.goto(f"{page.url}/+new")
        await look_at(page, f"console-{place}-new")
        await page.locator("form[method=post]").evaluate("form => form.noValidate = true")
        await page.get_by_role("main").get_by_role("button").last.click()
        await page.get_by_role("alert").wait_for()
        await look_at(page, f"console-{place}-wrong")

    await page.goto(f"{scripted.server.url}{CONSOLE}/webhooks/+new")
    await page.get_by_label("URL").fill(f"https://crm.example.com/{'a-long-path/' * 12}")
    await page.get_by_label("User deleted").check()
    await page.get_by_role("button", name="Create webhook").click()
    await look_at(page, "console-webhook-secret")
    await page.get_by_role("link", name="Continue").click()
    await look_at(page, "console-webhook")

    await page.goto(f"{scripted.server.url}{CONSOLE}/providers/+new")
    name = scripted.app.new_name("op").lower()
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Issuer").fill(f"https://{name}.example.com")
    await page.get_by_label("Client ID").fill("postern")
    await page.get_by_role("button", name="Add identity provider").click()
    await look_at(page, "console-provider")
    for place in ("secret", "mappings/+new", "mappings", "delete"):
        await page.goto(f"{scripted.server.url}{CONSOLE}/providers/{name}/{place}")
        await look_at(page, f"console-provider-{place.replace('/', '-')}")

    await page.goto(f"{scripted.server.url}{CONSOLE}/scopes/+new")
    await page.get_by_label("Name", exact=True).fill("https://api.example.com/reports.read")
    await page.get_by_label("Sentence on the consent page").fill("Read your reports")
    await page.get_by_role("button", name="Add scope").click()
    await look_at(page, "console-scope")

    await page.goto(f"{scripted.server.url}{CONSOLE}/resources/+new")
    name = scripted.app.new_name("api").lower()
    await page.get_by_label("Short name").fill(name)
    await page.get_by_label("Identifier").fill(f"https://{name}.example.com/{'a-long-path/' * 12}")
    await page.get_by_label("Title").fill("Reports")
    await page.get_by_label("Allowed clients").select_option("Every client")
    await page.get_by_role("button", name="Add resource").click()
    await look_at(page, "console-resource")
    await page.get_by_role("link", name="Add a scope").click()
    await page.get_by_label("Name", exact=True).fill("https://api.example.com/reports.read")
    await page.get_by_label("Sentence on the consent page").fill("Read your reports")
    await page.get_by_label("Granted if a request names no scope").check()
    await page.get_by_role("button", name="Add scope").click()
    await expect(page.get_by_role("table", name="Scopes")).to_contain_text("reports.read")
    await look_at(page, "console-resource-scope")
    for place in ("edit", "scopes/+new", "clients/+new", "personal-tokens", "delete"):
        await page.goto(f"{scripted.server.url}{CONSOLE}/resources/{name}/{place}")
        await look_at(page, f"console-resource-{place.replace('/', '-')}")


async def test_a_user_is_found_and_opened_with_the_keyboard_alone(scripted: Walk) -> None:
    page, user = scripted.page, await enter(scripted, "/users")

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    search = page.get_by_role("searchbox", name="Find users")
    for _ in range(6):
        await page.keyboard.press("Tab")
        if await search.evaluate("each => each === document.activeElement"):
            break
    await page.keyboard.type(user.username)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile("search="))
    link = page.get_by_role("table").get_by_role("link", name=user.username)
    for _ in range(40):
        await page.keyboard.press("Tab")
        if await link.evaluate("each => each === document.activeElement"):
            break
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name=user.username, level=1)).to_be_visible()


async def test_every_page_of_the_console_is_accessible_and_fits_the_screen(scripted: Walk) -> None:
    page, user = scripted.page, await enter(scripted)
    await look_at(page, "console-dashboard")
    for place in ("users", "groups", "roles", "attributes", "audit"):
        await page.goto(f"{scripted.server.url}{CONSOLE}/{place}")
        await look_at(page, f"console-{place}")
    for place in ("users/+new", "users/+invite", "roles/auditor", "attributes/+new"):
        await page.goto(f"{scripted.server.url}{CONSOLE}/{place}")
        await look_at(page, f"console-{place.replace('/', '-')}")
    await page.goto(f"{scripted.server.url}{CONSOLE}/users?search={user.username}")
    await page.get_by_role("table").get_by_role("link", name=user.username).click()
    await look_at(page, "console-user")
    await page.goto(f"{page.url}/delete")
    await look_at(page, "console-user-delete")


async def go_to(walk: Walk, place: str) -> None:
    """Follow a link of the navigation."""
    await walk.page.locator(".side").get_by_role("link", name=place, exact=True).click()
