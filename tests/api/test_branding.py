"""The operator's name, logos, colour and links on the pages (BRAND_NAME, BRAND_LOGO, …)."""

import base64
import re
from pathlib import Path

import pytest

from tests.conftest import AppFactory
from tests.support.server import run_postern

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


async def test_pages_show_the_configured_name_logo_and_colour(
    start_app: AppFactory, tmp_path: Path
) -> None:
    logo = tmp_path / "logo.png"
    logo.write_bytes(PNG)
    app = await start_app(brand_name="Acme <Ltd>", brand_logo=logo, brand_color="#ffcc00")

    page = (await app.http.get("/login", headers={"accept": "text/html"})).text
    (style,) = re.findall(r'href="(/assets/postern-[0-9a-f]{12}\.css)"', page)
    (picture,) = re.findall(r'src="(/assets/logo-[0-9a-f]{12}\.png)"', page)
    css, image = await app.http.get(style), await app.http.get(picture)

    assert "Acme &lt;Ltd&gt;" in page
    assert image.content == PNG
    assert image.headers["content-type"] == "image/png"
    assert "--accent: #ffcc00;" in css.text  # readable on dark, so it stays as it is there
    assert css.text.count("--on-accent: #000000;") + css.text.count("--on-accent: #ffffff;") == 2
    assert css.text.count("--button: #ffcc00;") == css.text.count("--on-button: #000000;") == 2
    assert css.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_the_stylesheet_url_changes_with_its_content(start_app: AppFactory) -> None:
    pages = [
        (await (await start_app(brand_color=color)).http.get("/login")).text
        for color in ("#1d4e89", "#1d4e8a")
    ]

    styles = {re.findall(r"/assets/postern-[0-9a-f]{12}\.css", page)[0] for page in pages}
    assert len(styles) == 2


async def test_dark_mode_has_a_logo_of_its_own(start_app: AppFactory, tmp_path: Path) -> None:
    logo, dark = tmp_path / "logo.png", tmp_path / "dark.png"
    logo.write_bytes(PNG)
    dark.write_bytes(PNG + b"dark")
    app = await start_app(brand_logo=logo, brand_logo_dark=dark)

    page = (await app.http.get("/login")).text
    (source,) = re.findall(r"<source srcset=\"(/assets/logo-dark-[0-9a-f]{12}\.png)\"", page)

    assert 'media="(prefers-color-scheme: dark)"' in page
    assert (await app.http.get(source)).content == PNG + b"dark"


async def test_the_foot_of_the_pages_links_to_help_privacy_and_terms(
    start_app: AppFactory,
) -> None:
    app = await start_app(
        help_url="https://www.example.com/help?a=1&b=2",
        privacy_url="https://www.example.com/privacy",
        terms_url="https://www.example.com/terms",
    )

    for path in ("/login", "/create-account", "/nowhere", "/"):
        page = (await app.http.get(path, headers={"accept": "text/html"})).text
        links = dict(re.findall(r'<a href="([^"]*)" rel="noreferrer">(\w+)</a>', page))

        assert links == {
            "https://www.example.com/help?a=1&amp;b=2": "Help",
            "https://www.example.com/privacy": "Privacy",
            "https://www.example.com/terms": "Terms",
        }, path


async def test_without_these_settings_the_foot_has_no_links(start_app: AppFactory) -> None:
    app = await start_app()

    _, _, foot = (await app.http.get("/login")).text.partition("<footer")

    assert "<a" not in foot


@pytest.mark.slow
async def test_a_logo_that_is_not_an_image_prevents_startup(tmp_path: Path) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_text("<svg/>")

    done = await run_postern(tmp_path, "serve", BRAND_LOGO=str(logo))

    assert done.returncode == 2
    assert done.stderr == "postern: BRAND_LOGO: must be a PNG, JPEG, GIF or WebP picture\n"
