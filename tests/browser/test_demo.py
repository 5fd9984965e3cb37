"""`postern demo --browser` as a newcomer runs it: a process, a browser, and Ctrl-C."""

import re
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.browser.patience import set_time_limits
from tests.browser.test_pages_look import look_at
from tests.cli.processes import COMMAND, PATIENCE_SECONDS, environment, run, serving
from tests.support.machine import scaled
from tests.support.ports import free_port

pytestmark = pytest.mark.slow


class Demo:
    """A running demo, whose app is at `url`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._output = ""
        assert process.stdout is not None
        self._stdout = process.stdout
        self.url = self._url()

    def _url(self) -> str:
        while line := self._stdout.readline():
            self._output += line
            if found := re.search(r"Open (http://127\.0\.0\.1:\d+/) in your browser", line):
                return found[1]
        raise AssertionError(self._output)

    def end(self, number: signal.Signals = signal.SIGINT) -> str:
        """End the demo as Ctrl-C does, and return its output."""
        self._process.send_signal(number)
        rest, _ = self._process.communicate(timeout=scaled(PATIENCE_SECONDS))
        assert self._process.returncode == 0, rest
        return self._output + rest


@contextmanager
def running_demo(directory: Path, *arguments: str) -> Iterator[Demo]:
    with subprocess.Popen(
        [*COMMAND, "demo", "--browser", *arguments],
        cwd=directory,
        env=environment(directory, {"TMPDIR": str(directory)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Demo(process)
        finally:
            process.kill()


async def open_demo(browser: Browser, demo: Demo) -> tuple[BrowserContext, Page]:
    context = await browser.new_context()
    set_time_limits(context)
    page = await context.new_page()
    await page.goto(demo.url)
    return context, page


async def sign_in(context: BrowserContext, start: Page) -> Page:
    """Sign in with what the first page shows, and return the tab in which it asks for consent."""
    async with context.expect_page() as opening:
        await start.get_by_role("link", name="Sign in with Postern").click()
    tab = await opening.value
    await tab.get_by_label("Username").fill(await text_at(start, "#username"))
    await tab.locator("#password").fill(await text_at(start, "#password"))
    await tab.get_by_role("button", name="Sign in", exact=True).click()
    await tab.wait_for_url("**/login/otp*")
    await expect(start.locator("#code")).to_have_text(re.compile(r"\d{6}"))
    await tab.locator("#code").fill(await text_at(start, "#code"))
    await tab.get_by_role("button", name="Allow").wait_for()
    return tab


def files_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


async def text_at(page: Page, selector: str) -> str:
    return await page.locator(selector).text_content() or ""


async def value_of(page: Page, name: str) -> str:
    """Return the first value that a page lists under a name."""
    row = page.locator("dl > div").filter(has=page.get_by_text(name, exact=True))
    return await row.locator("code").first.text_content() or ""


async def test_a_newcomer_signs_in_to_the_app_of_the_demo_and_sees_the_tokens(
    browser: Browser, tmp_path: Path
) -> None:
    """OpenID Connect Core section 3.1; RFC 7636"""
    with running_demo(tmp_path) as demo:
        context, start = await open_demo(browser, demo)
        await look_at(start, "demo")
        username = await text_at(start, "#username")

        tab = await sign_in(context, start)
        await tab.get_by_role("button", name="Allow").click()
        await expect(tab.get_by_role("heading", name="Signed in as Ada Lovelace")).to_be_visible()

        await expect(tab.get_by_text("The signature is valid")).to_be_visible()
        assert await value_of(tab, "amr") == '["pwd", "otp", "mfa"]'
        assert await value_of(tab, "preferred_username") == username
        assert (await value_of(tab, "access_token")).startswith("postern_at_")
        await tab.get_by_text("Show the requests").click()
        assert await value_of(tab, "code_challenge_method") == "S256"
        assert await value_of(tab, "redirect_uri") == f"{demo.url}callback"
        await look_at(tab, "demo-result")
        await tab.reload()
        await expect(tab.get_by_role("heading", name="Signed in as Ada Lovelace")).to_be_visible()

        await tab.get_by_role("link", name="Sign out").click()
        await expect(tab).to_have_url(demo.url)
        await tab.goto(f"{demo.url}result")
        await expect(tab).to_have_url(demo.url)
        await context.close()
        output = demo.end()

    assert "Traceback" not in output
    assert files_in(tmp_path) == []


async def test_a_newcomer_who_cancels_is_told_so_and_starts_again(
    browser: Browser, tmp_path: Path
) -> None:
    with running_demo(tmp_path) as demo:
        context, start = await open_demo(browser, demo)
        tab = await sign_in(context, start)

        await tab.get_by_role("button", name="Cancel").click()

        await expect(tab.get_by_role("alert")).to_contain_text("You cancelled the sign-in")
        await look_at(tab, "demo-cancelled")
        await tab.get_by_role("link", name="Start again").click()
        await expect(tab.get_by_role("link", name="Sign in with Postern")).to_be_visible()
        await context.close()


async def test_the_demo_removes_what_it_created_and_nothing_else(
    browser: Browser, tmp_path: Path
) -> None:
    assert run(tmp_path, "migrate").returncode == 0
    with running_demo(tmp_path) as demo:
        context, start = await open_demo(browser, demo)
        tab = await sign_in(context, start)
        await tab.get_by_role("button", name="Allow").click()
        await tab.get_by_role("heading", name="Signed in as Ada Lovelace").wait_for()
        await context.close()
        output = demo.end(signal.SIGTERM)

    assert re.search(r"Removed the client demo-[0-9a-f]{6}-app\.", output), output
    assert re.search(r"Removed the user demo-[0-9a-f]{6}\.", output), output
    with closing(sqlite3.connect(tmp_path / "data" / "postern.db")) as database:
        for table in ("users", "clients", "sessions", "consents", "token_families"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, table


async def test_the_demo_signs_in_at_a_running_server_and_says_what_remains_there(
    browser: Browser, tmp_path: Path
) -> None:
    port = free_port()
    issuer = f"http://localhost:{port}"
    with (
        serving(tmp_path, PORT=str(port), ISSUER=issuer),
        running_demo(tmp_path, "--url", issuer) as demo,
    ):
        context, start = await open_demo(browser, demo)
        tab = await sign_in(context, start)
        assert tab.url.startswith(f"{issuer}/consent")
        await tab.get_by_role("button", name="Allow").click()
        await tab.get_by_role("heading", name="Signed in as Ada Lovelace").wait_for()
        await tab.get_by_role("link", name="See your account").click()
        await expect(tab.get_by_text("demo-").first).to_be_visible()
        await context.close()
        output = demo.end()

    assert re.search(r"The user demo-[0-9a-f]{6} remains on the server\.", output), output
    assert re.search(r"The client demo-[0-9a-f]{6}-app remains on the server\.", output), output


def test_the_app_of_the_demo_refuses_other_hosts_and_responses_it_did_not_ask_for(
    tmp_path: Path,
) -> None:
    """RFC 6749 section 10.12: the response belongs to the request of the browser"""
    with running_demo(tmp_path) as demo, httpx.Client(base_url=demo.url) as http:
        elsewhere = http.get("/", headers={"Host": "evil.example"})
        unknown = http.get("/callback", params={"code": "c", "state": "s"})
        other = http.get("/sign-in")
        http.cookies.clear()
        state = httpx.URL(other.headers["location"]).params["state"]
        stolen = http.get("/callback", params={"code": "c", "state": state})
        without = http.get("/result")
        page = http.get("/")
        output = demo.end()

    assert (elsewhere.status_code, elsewhere.text) == (421, "Misdirected request")
    for response in (unknown, stolen):
        assert response.status_code == 400
        assert "started in another browser" in response.text
    assert without.headers["location"] == "/"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert "Traceback" not in output
