"""The small page at `/` in a real browser, in both schemes and on a phone."""

import pytest
from playwright.async_api import Page

from tests.support.server import Server


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(390, 844), (1280, 800)])
async def test_the_home_page_fits_the_screen_and_links_to_the_documentation(
    server: Server, page: Page, scheme: str, size: tuple[int, int]
) -> None:
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # a parameter of the test

    await page.goto(f"{server.url}/")

    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= size[0]
    await page.get_by_role("link", name="Try the API").click()
    await page.wait_for_url("**/docs")
