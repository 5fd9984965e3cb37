"""How each state of each page looks: no zoom, size, direction or scheme makes it worse.

With SCREENSHOTS set to a directory, each one is also drawn there.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page

from app.pages.support.templating import DIRECTORY
from tests.browser.gallery import logo_file, open_gallery, show
from tests.browser.patience import set_time_limits
from tests.browser.states import NOT_DRAWN, STATES

SIZES = {"phone": (390, 844), "desk": (1280, 800)}
ZOOMED = (320, 256)  # 1280 x 1024 at 400 % (WCAG 1.4.10)
HTML = "document.documentElement"
LONG = "Bundesamt für außerordentlich lange Namen und mehr als das"
BACKGROUND = "each => getComputedStyle(each).backgroundColor"
SMALL = """() => [...document.querySelectorAll("a, button, summary, input:not([type=hidden])")]
    .filter((each) => each.offsetParent && each.getBoundingClientRect().height < 44)
    .map((each) => each.outerHTML)"""


def rgb(color: str) -> str:
    """Return a colour as browsers compute it."""
    return f"rgb({', '.join(str(int(color[start : start + 2], 16)) for start in (1, 3, 5))})"


@pytest_asyncio.fixture(scope="module")
async def gallery(browser: Browser) -> AsyncIterator[Page]:
    """A page that fails the test for errors of scripts and for what the policy forbids.

    Nothing moves, so that no colour is measured half way to another.
    """
    context = await browser.new_context(reduced_motion="reduce")
    set_time_limits(context)
    await open_gallery(context)
    opened = await context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on(
        "console",
        lambda message: problems.append(message.text) if message.type == "error" else None,
    )
    yield opened
    await context.close()
    assert [each for each in problems if "404" not in each] == []  # a logo that is missing


async def fits(page: Page, name: str) -> None:
    wide = await page.evaluate(f"{HTML}.scrollWidth - {HTML}.clientWidth")
    assert wide <= 0, f"{name}: something is wider than the page"


async def accessible(page: Page, *rules: str) -> None:
    options: dict[str, Any] = {"runOnly": list(rules)} if rules else {}
    found = await Axe().run(page, options=options)
    assert found.violations_count == 0, found.generate_report()


async def draw(page: Page, name: str) -> None:
    directory = os.environ.get("SCREENSHOTS")
    if directory:
        await page.screenshot(path=Path(directory) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("state", STATES)
async def test_each_state_of_a_page_is_readable_in_every_size_zoom_and_color_scheme(
    gallery: Page, state: str
) -> None:
    """PAGES: phone and desk, light and dark, 400 % zoom, 200 % text, right to left, axe"""
    await gallery.emulate_media(color_scheme="light")
    await show(gallery, state)
    assert await gallery.evaluate(SMALL) == [], "targets of less than 44 px"
    for size, (width, height) in SIZES.items():
        await gallery.set_viewport_size({"width": width, "height": height})
        await fits(gallery, size)
        await draw(gallery, f"{state}-{size}-light")
    await accessible(gallery)

    await gallery.emulate_media(color_scheme="dark")
    for size, (width, height) in SIZES.items():
        await gallery.set_viewport_size({"width": width, "height": height})
        await draw(gallery, f"{state}-{size}-dark")
    await accessible(gallery, "color-contrast")

    await gallery.set_viewport_size({"width": SIZES["phone"][0], "height": SIZES["phone"][1]})
    for name, change in {
        "right to left": f"{HTML}.dir = 'rtl'",
        "200 % text": f"{HTML}.dir = 'ltr'; {HTML}.style.fontSize = '200%'",
    }.items():
        await gallery.evaluate(f"() => {{ {change} }}")
        await fits(gallery, name)
        await draw(gallery, f"{state}-{name.replace(' ', '-')}")
    await gallery.evaluate(f"() => {{ {HTML}.style.fontSize = '' }}")
    await gallery.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    await fits(gallery, "400 %")


def test_every_template_is_covered_by_a_state() -> None:
    shown = {template for template, _ in STATES.values()}

    assert shown | NOT_DRAWN == {path.name for path in (DIRECTORY / "templates").glob("*.html")}


@pytest.mark.parametrize("color", ["#ffcc00", "#c2410c", "#000000", "#ffffff", "#00ff88"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_any_accent_colour_is_readable(
    browser: Browser, tmp_path: Path, color: str, scheme: str
) -> None:
    context = await browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]  # one of its words
        reduced_motion="reduce",
    )
    await open_gallery(context, brand_color=color, brand_logo=logo_file(tmp_path))
    page = await context.new_page()

    for state in ("consent-more", "otp-wrong", "welcome-sign-up", "account-unverified"):
        await show(page, state)
        await accessible(page, "color-contrast")

    await show(page, "otp")
    button = page.locator("button[type=submit]").first
    assert await button.evaluate(BACKGROUND) == rgb(color)
    await button.hover()
    await accessible(page, "color-contrast")
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_logo_of_the_scheme_and_the_links_of_the_operator_are_on_every_page(
    browser: Browser, tmp_path: Path, scheme: str
) -> None:
    context = await browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]  # one of its words
        reduced_motion="reduce",
    )
    dark = tmp_path / "dark.png"
    dark.write_bytes(logo_file(tmp_path).read_bytes() + b"dark")
    await open_gallery(
        context,
        brand_name=LONG,
        brand_logo=logo_file(tmp_path),
        brand_logo_dark=dark,
        help_url="https://www.example.com/help",
        privacy_url="https://www.example.com/privacy",
        terms_url="https://www.example.com/terms",
    )
    page = await context.new_page()

    for state in ("login", "login-own", "welcome"):
        await show(page, state)
        pictures = await page.locator("picture img").evaluate_all(
            "all => all.map(e => e.currentSrc)"
        )
        assert await page.locator(".foot a").all_inner_texts() == ["Help", "Privacy", "Terms"]
        assert len(pictures) == 1
        assert ("/logo-dark-" in pictures[0]) == (scheme == "dark")
        assert await page.evaluate(SMALL) == []
        await accessible(page)
        for size, (width, height) in {**SIZES, "400 %": ZOOMED}.items():
            await page.set_viewport_size({"width": width, "height": height})
            await fits(page, size)
            await draw(page, f"brand-{state}-{size.replace(' ', '-')}-{scheme}")

    await context.close()


@pytest.mark.parametrize(
    "state",
    ["login", "login-logo", "account", "account-profile", "account-data", "error-expired"],
)
async def test_the_pages_are_translated_into_german_and_fit_at_400_percent_zoom(
    gallery: Page, state: str
) -> None:
    await gallery.set_viewport_size({"width": ZOOMED[0], "height": ZOOMED[1]})
    await show(gallery, state, "de")

    assert await gallery.get_attribute("html", "lang") == "de"
    await fits(gallery, "German at 400 %")


async def test_prefers_contrast_gives_borders_the_colour_of_the_text(gallery: Page) -> None:
    """PAGES: prefers-contrast is kept"""
    colours = """() => { const style = getComputedStyle(document.querySelector("#username"));
        return [style.borderTopColor, style.color]; }"""
    await gallery.emulate_media(color_scheme="light", contrast="more")
    await show(gallery, "login-wrong")

    border, text = await gallery.evaluate(colours)

    assert border == text
    await gallery.emulate_media(contrast="no-preference")


async def test_reduced_motion_disables_transitions(gallery: Page) -> None:
    duration = "() => getComputedStyle(document.querySelector('button')).transitionDuration"
    await show(gallery, "login")

    still = await gallery.evaluate(duration)
    await gallery.emulate_media(reduced_motion="no-preference")
    moving = await gallery.evaluate(duration)
    await gallery.emulate_media(reduced_motion="reduce")

    assert still == "0s"
    assert moving != "0s"
