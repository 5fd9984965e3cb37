"""Draw the pictures of the README: pages on a phone and on a desktop, in light and dark mode.

Run it with `make screenshots`. It needs Chromium, and uses the gallery of the browser tests, so no
server is started.
"""

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Literal, NamedTuple

from playwright.async_api import Browser, ViewportSize, async_playwright

from tests.browser.gallery import open_gallery, show

DIRECTORY = Path(__file__).parents[1] / "docs" / "images"
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


class Picture(NamedTuple):
    """A state of the gallery and the size of the screen on which it is drawn."""

    name: str
    state: str
    viewport: ViewportSize


PICTURES = (
    Picture("sign-in-phone", "login-logo", {"width": 390, "height": 700}),
    Picture("consent-phone", "consent", {"width": 390, "height": 700}),
    Picture("enroll-desktop", "enroll", {"width": 1000, "height": 760}),
)


def main() -> int:
    """Draw every picture in both color schemes, and print the size of each file."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is missing; on Debian: apt-get install chromium", file=sys.stderr)
        return 2
    DIRECTORY.mkdir(exist_ok=True)
    asyncio.run(_draw_all(chromium))
    return 0


async def _draw_all(chromium: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium)
        for picture in PICTURES:
            for scheme in SCHEMES:
                path = DIRECTORY / f"{picture.name}-{scheme}.png"
                await _draw(browser, picture, scheme, path)
                print(f"{path.name}  {path.stat().st_size / 1000:.0f} kB")
        await browser.close()


async def _draw(
    browser: Browser, picture: Picture, scheme: Literal["light", "dark"], path: Path
) -> None:
    context = await browser.new_context(
        viewport=picture.viewport, color_scheme=scheme, reduced_motion="reduce"
    )
    await open_gallery(context)
    page = await context.new_page()
    await show(page, picture.state)
    await page.screenshot(path=path)
    await context.close()


if __name__ == "__main__":
    sys.exit(main())
