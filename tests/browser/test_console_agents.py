"""Agents and blocked hosts of the console in a real browser."""

from playwright.async_api import expect

from app.pages.admin.client_links import url_of_client
from tests.browser.test_console import CONSOLE, enter, go_to
from tests.browser.test_pages_look import look_at
from tests.browser.walk import Walk
from tests.support.client_documents import stored_document
from tests.support.parts import running_services
from tests.support.server import TimeOfTheMachine


async def new_agent(walk: Walk, host: str, path: str = "client.json") -> str:
    """Store an agent that a user has allowed, and return its page."""
    user = await walk.app.enrolled_user()
    async with running_services(walk.server.database_url, TimeOfTheMachine()) as services:
        client = await stored_document(
            services, f"https://{host}/{path}", user, client_name="A coding agent"
        )
    return f"{walk.server.url}{url_of_client(client.client_id)}"


async def test_the_host_of_an_agent_is_blocked_and_unblocked(walk: Walk) -> None:
    page, host = walk.page, f"{walk.app.new_name('agent')}.example"
    await new_agent(walk, host)
    await enter(walk)

    await go_to(walk, "Agents")
    await page.get_by_role("searchbox", name="Find agents").fill(host)
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("table").get_by_role("link", name="A coding agent").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("not verified")
    await page.get_by_role("link", name="Block the host").click()
    await page.get_by_role("button", name="Block host").click()
    await expect(page.get_by_role("table")).to_contain_text(host)

    await page.get_by_role("row", name=host).get_by_role("link", name="Unblock").click()
    await page.get_by_role("button", name="Unblock host").click()
    await expect(page.get_by_role("status")).to_contain_text("Removed.")

    await page.get_by_role("link", name="Block a host").click()
    await page.get_by_label("Host").fill(f"https://{host}/")
    await page.get_by_role("button", name="Block host").click()
    await expect(page.locator("#host-error")).to_contain_text("must be a name")
    await page.get_by_label("Host").fill(host)
    await page.get_by_role("button", name="Block host").click()
    await expect(page.get_by_role("table")).to_contain_text(host)


async def test_the_pages_of_agents_are_accessible_and_fit_the_screen(scripted: Walk) -> None:
    page, url = scripted.page, f"{scripted.server.url}{CONSOLE}"
    await enter(scripted)
    await page.goto(f"{url}/agents?search=nobody.example")
    await look_at(page, "console-agents-none")
    await page.goto(f"{url}/blocked-hosts")
    await look_at(page, "console-blocked-hosts-none")
    host = f"{scripted.app.new_name('a-very-long-label-of-an-agent')}.example.com"
    agent = await new_agent(scripted, host, f"{'a-long-path/' * 40}client.json")
    await page.goto(f"{url}/agents")
    await look_at(page, "console-agents")
    await page.goto(agent)
    await look_at(page, "console-agent")
    for place in ("block", "tokens", "consents"):
        await page.goto(f"{agent}/{place}")
        await look_at(page, f"console-agent-{place}")
    await page.goto(f"{agent}/block")
    await page.get_by_role("button", name="Block host").click()
    await look_at(page, "console-blocked-hosts")
    await page.goto(f"{url}/blocked-hosts/+new")
    await page.get_by_role("button", name="Block host").click()
    await look_at(page, "console-blocked-hosts-new")
