"""How the pages look and are read: every one, in both schemes, on a phone and at 400 % zoom.

With SCREENSHOTS set to a directory, each page is also drawn there.
"""

import os
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, Response

from tests.browser.walk import Walk

SIZES = {"phone": (390, 844), "desk": (1280, 800)}
ZOOMED = (320, 256)  # 1280 x 1024 at 400 % (WCAG 1.4.10)
LONG = "An Application of the Federal Office for Extraordinarily Long Names and Addresses"


async def look_at(page: Page, name: str) -> None:
    """Nothing is cut off, and axe finds nothing, in either scheme."""
    await page.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    assert await overflow(page) <= 0, f"{name} is wider than a page at 400 %"
    for scheme in ("light", "dark"):
        # without motion, or colours are measured half-way from one scheme to the other
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # one of two words
        for size, (width, height) in SIZES.items():
            await page.set_viewport_size({"width": width, "height": height})
            assert await overflow(page) <= 0, f"{name} is wider than a {size}"
            await draw(page, f"{name}-{size}-{scheme}")
        found = await Axe().run(page)
        assert found.violations_count == 0, f"{name}, {scheme}: {found.generate_report()}"
    await page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    small = await page.evaluate(
        "[...document.querySelectorAll('button, input:not([type=hidden]), .ways a')]"
        ".filter(e => e.offsetParent && e.getBoundingClientRect().height < 44)"
        ".map(e => e.outerHTML)"
    )
    assert small == [], f"{name} has targets of less than 44 px"


async def overflow(page: Page) -> int:
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(await page.evaluate(wide))


async def draw(page: Page, name: str) -> None:
    directory = os.environ.get("SCREENSHOTS")
    if directory:
        await page.screenshot(path=Path(directory) / f"{name}.png", full_page=True)


async def test_the_sign_in_pages_are_accessible_and_fit_the_screen(scripted: Walk) -> None:
    app, page = scripted.app, scripted.page
    client = await app.create_client(
        client_name=app.new_name("Photo Album"),
        policy_uri="https://app.example.com/privacy",
        tos_uri="https://app.example.com/terms",
        scope="openid profile email address phone offline_access albums:read",
    )
    user = await app.register()
    await scripted.authorize(client)
    await look_at(page, "login")
    await scripted.give_password(user, password="not the password")
    await look_at(page, "login-wrong")
    await scripted.give_password(user)
    await page.wait_for_url("**/login/enroll*")
    await page.get_by_text("Can't scan the code?").click()
    await look_at(page, "enroll")
    secret = await scripted.secret()
    await scripted.type_code("000000")
    await page.locator("#code-error").wait_for()
    await scripted.type_code(scripted.code_of(secret, steps=-1))
    await page.locator("#codes").wait_for()
    await look_at(page, "recovery-codes")
    await scripted.save_codes()
    await page.wait_for_url("**/consent*")
    await look_at(page, "consent")
    await page.get_by_role("button", name="Allow").click()
    await scripted.answer()

    more = "openid profile email address phone offline_access albums:read"
    await scripted.authorize(client, scope=more)
    await look_at(page, "consent-more")
    await page.get_by_role("button", name="Allow").click()
    await scripted.answer()
    await scripted.authorize(client, prompt="login")
    await scripted.give_password(user)
    await page.wait_for_url("**/login/otp*")
    await look_at(page, "otp")
    await scripted.type_code("000000")
    await page.locator("#code-error").wait_for()
    await look_at(page, "otp-wrong")
    await scripted.type_code(scripted.code_of(secret))
    await scripted.answer()
    await page.goto(f"{scripted.server.url}/account")
    await look_at(page, "account")
    await page.goto(f"{scripted.server.url}/logout")
    await look_at(page, "logout")
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("heading", name="You're signed out").wait_for()
    await look_at(page, "logged-out")


async def test_the_account_creation_and_selection_pages_are_accessible_and_fit_the_screen(
    scripted: Walk,
) -> None:
    app, page = scripted.app, scripted.page
    client = await app.create_client(client_name=f"{LONG} {app.new_name()}")
    await scripted.authorize(client, prompt="create")
    await look_at(page, "create-account")
    await page.get_by_label("Username").fill("a b")
    await page.locator("#password").fill("short")
    await page.get_by_role("button", name="Create account").click()
    await page.get_by_role("alert").wait_for()
    await look_at(page, "create-account-wrong")
    for name in (LONG[:60].replace(" ", "_") + app.new_name()[-4:], app.new_name()):
        await scripted.authorize(client, prompt="create")
        await page.get_by_label("Username").fill(name)
        await page.locator("#password").fill("a good long password")
        await page.get_by_role("button", name="Create account").click()
        await page.wait_for_url("**/login/enroll*")
        await scripted.type_code(scripted.code_of(await scripted.secret()))
        await scripted.save_codes()
        await page.wait_for_url("**/consent*")
        await look_at(page, "consent-long-names")
    await scripted.authorize(client, prompt="select_account")
    await look_at(page, "select-account")


async def test_the_device_pages_are_accessible_and_fit_the_screen(scripted: Walk) -> None:
    app, page = scripted.app, scripted.page
    grant = "urn:ietf:params:oauth:grant-type:device_code"
    client = await app.create_client(client_name=app.new_name("Television"), grant_types=[grant])
    user = await app.enrolled_user()
    started = await app.http.post("/device_authorization", auth=client.auth)
    await page.goto(f"{scripted.server.url}/device")
    await look_at(page, "device")
    await page.locator("#user_code").fill("BBBB-BBBB")
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("alert").wait_for()
    await look_at(page, "device-wrong")
    await page.locator("#user_code").fill(started.json()["user_code"].lower())
    await page.get_by_role("button", name="Continue").click()
    await scripted.sign_in(user, steps=1)
    await page.get_by_role("button", name="Allow").wait_for()
    await look_at(page, "device-confirm")
    await page.get_by_role("button", name="Allow").click()
    await page.get_by_role("heading", name="Your device is connected").wait_for()
    await look_at(page, "device-done")


async def test_the_error_pages_are_accessible_and_fit_the_screen(scripted: Walk) -> None:
    client = await scripted.app.create_client()
    await scripted.authorize(client, redirect_uri="https://evil.example/")
    await look_at(scripted.page, "error-redirect")
    await scripted.page.goto(f"{scripted.server.url}/consent?request_id=nothing")
    await look_at(scripted.page, "error-expired")
    await scripted.page.goto(f"{scripted.server.url}/nothing")
    await look_at(scripted.page, "error-not-found")


async def test_the_sign_in_page_is_smaller_than_30_kb(scripted: Walk) -> None:
    """PAGES: HTML, style and script together under 30 kB"""
    answers: list[Response] = []
    scripted.page.on("response", lambda answer: answers.append(answer))
    await scripted.authorize(await scripted.app.create_client())
    await scripted.page.wait_for_load_state("networkidle")

    weights = [len(await answer.body()) for answer in answers if answer.status == 200]
    assert 3_000 < sum(weights) < 30_000
