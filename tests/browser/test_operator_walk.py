"""An operator sets a server up, finds out why a sign-in is refused, and builds the same again.

In the console and in Chromium, as far as the console goes: the first administrator, the file of
users, the preset and the files of desired state are commands. tests/foreign/test_operator_walk.py
does the same by commands alone.
"""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.browser.test_console import CONSOLE, go_to
from tests.browser.walk import Walk, walking
from tests.foreign.grafana import CALLBACK, Grafana
from tests.foreign.person import person_at
from tests.foreign.test_operator_walk import (
    NEW_URL,
    OLD_URL,
    USERS,
    Operator,
    file_of_users,
    operator_of,
)
from tests.support.application import PASSWORD, TestUser
from tests.support.visitor import CHALLENGE
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow


async def test_an_operator_walks_through_the_console(browser: Browser, tmp_path: Path) -> None:
    """Issue 16, acceptance: from an empty server to an empty plan on another one"""
    first, second = tmp_path / "first", tmp_path / "second"
    text, users = file_of_users()
    for directory in (first, second):
        directory.mkdir()
        (directory / "users.csv").write_text(text)

    async with (
        operator_of(first) as operator,
        walking(browser, operator.server, operator.app) as walk,
    ):
        await enter_as_first_administrator(operator, walk)
        await create_groups(walk, "staff", "editors", "operators")
        await operator.command("users", "import", "users.csv")
        preset = ("--preset", "grafana", "--client-id", "grafana", "--url", OLD_URL)
        (created,) = await operator.shown("clients", "create", "Grafana", *preset)
        secret = created["client_secret"]
        await find_a_user(walk, users[USERS - 1])
        for role, group in (("Viewer", "staff"), ("Editor", "editors")):
            await grant(walk, role, group)
        await roles_reach_grafana(operator, walk, secret, users[10], "Editor")
        await grafana_moves(walk)
        await roles_reach_grafana(operator, walk, secret, users[11], "Viewer")
        exported = await operator.command("export")

    assert secret not in exported.stdout
    (second / "a.yaml").write_text(exported.stdout)
    async with (
        operator_of(second) as operator,
        walking(browser, operator.server, operator.app) as walk,
    ):
        await built_again(operator, walk, secret)
        await operator.command("users", "import", "users.csv")
        await roles_reach_grafana(operator, walk, secret, users[20], "Editor")


async def enter_as_first_administrator(operator: Operator, walk: Walk) -> None:
    """Create the administrator on an empty server, who enrols at the first sign-in."""
    await operator.shown("admin", "create", "ada", "--stdin", typed=f"{PASSWORD}\n")
    await walk.page.goto(f"{walk.server.url}{CONSOLE}")
    await walk.give_password(TestUser("ada", PASSWORD, ""))
    await walk.type_code(walk.code_of(await walk.secret(), steps=-1))
    await walk.save_codes()
    await walk.page.locator("main.board").wait_for()


async def create_groups(walk: Walk, *names: str) -> None:
    for name in names:
        await go_to(walk, "Groups")
        await walk.page.get_by_role("link", name="Create a group").click()
        await walk.page.get_by_label("Name", exact=True).fill(name)
        await walk.page.get_by_role("button", name="Create group").click()
        await expect(walk.page.get_by_role("heading", name=name, level=1)).to_be_visible()


async def find_a_user(walk: Walk, user: TestUser) -> None:
    """Find the last of the 500, who is in a group of the file."""
    await go_to(walk, "Users")
    search = walk.page.get_by_role("searchbox", name="Find users")
    await search.fill(user.username)
    await search.press("Enter")
    await walk.page.get_by_role("table").get_by_role("link", name=user.username).click()
    await expect(walk.page.get_by_role("table", name="Groups")).to_contain_text("staff")


async def grant(walk: Walk, role: str, group: str) -> None:
    page = walk.page
    await go_to(walk, "Roles")
    await page.get_by_role("table").get_by_role("link", name=role, exact=True).click()
    await page.get_by_role("link", name="Grant").click()
    await page.get_by_label("Grant it to").select_option("group")
    await page.get_by_label("Username, or name of the group").fill(group)
    await page.get_by_role("button", name="Grant").click()
    await expect(page.get_by_role("table").last).to_contain_text(group)


async def roles_reach_grafana(
    operator: Operator, walk: Walk, secret: str, user: TestUser, role: str
) -> None:
    """Set up a client that is not ours as the console says, and sign a user in with it."""
    await walk.page.goto(f"{walk.server.url}{CONSOLE}/clients/grafana")
    await walk.page.get_by_role("link", name="grafana", exact=True).click()
    printed = await walk.page.locator("#snippet").text_content()
    async with person_at(operator.server, operator.app, user) as person:
        assert (await Grafana(printed or "", secret).sign_in(person)).roles == [role] * 3


async def grafana_moves(walk: Walk) -> None:
    """Look up why users can't sign in at the new URL, and follow the advice in the console."""
    page, elsewhere = walk.page, await walk.context.new_page()
    uri = f"{NEW_URL}/{CALLBACK}"
    await elsewhere.goto(
        f"{walk.server.url}/authorize?response_type=code&client_id=grafana&scope=openid&state=s"
        f"&redirect_uri={uri}&code_challenge={CHALLENGE}&code_challenge_method=S256"
    )
    request_id = await elsewhere.locator("#request-id").text_content() or ""
    await elsewhere.close()

    async def is_found() -> bool:
        await page.goto(f"{walk.server.url}{CONSOLE}/refusals")
        search = page.get_by_role("searchbox", name="Request ID")
        await search.fill(request_id)
        await search.press("Enter")
        return bool(await page.get_by_text("redirect_uri_not_registered").count())

    await eventually(is_found)
    await expect(page.get_by_role("main")).to_contain_text(
        "postern clients set grafana --add-redirect-uri"
    )
    await go_to(walk, "Clients")
    await page.get_by_role("table").get_by_role("link", name="Grafana", exact=True).click()
    await page.get_by_role("link", name="Edit", exact=True).first.click()
    await page.get_by_label("Redirect URIs", exact=True).fill(uri)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_role("status")).to_contain_text("Your changes have been saved.")
    await expect(page.get_by_role("main")).not_to_contain_text(OLD_URL)


async def built_again(operator: Operator, walk: Walk, secret: str) -> None:
    """Apply the exported file on an empty server; a second time, nothing is written."""
    await operator.command(
        "plan", "a.yaml", "--detailed-exitcode", code=3, CLIENT_SECRET_GRAFANA=secret
    )
    await operator.command("apply", "a.yaml", CLIENT_SECRET_GRAFANA=secret)
    await enter_as_first_administrator(operator, walk)
    await go_to(walk, "Clients")
    await expect(walk.page.get_by_role("table")).to_contain_text("Grafana")
    before = await newest_events(walk)

    planned = await operator.command("plan", "a.yaml", "--detailed-exitcode")
    applied = await operator.command("apply", "a.yaml", CLIENT_SECRET_GRAFANA=secret)

    assert planned.stdout == applied.stdout == "No changes.\n"
    assert await newest_events(walk) == before


async def newest_events(walk: Walk) -> list[str]:
    """Return the links of the audit log in the console, which have the numbers of the events."""
    await go_to(walk, "Audit log")
    links = await walk.page.get_by_role("table").get_by_role("link").all()
    hrefs = [await link.get_attribute("href") or "" for link in links]
    numbers = [each for each in hrefs if re.fullmatch(rf"{CONSOLE}/audit/\d+", each)]
    assert numbers
    return numbers
