"""Mails show the operator's name, colour and logo, or the operator's own texts."""

import re
from pathlib import Path

import pytest

from tests.api.test_branding import PNG
from tests.conftest import AppFactory
from tests.support.application import Application
from tests.support.people import person_with
from tests.support.server import run_postern
from tests.support.smtp import html_of, link_in, running_mail_server, text_of

DATABASES = ("sqlite",)
"""What is tested here is not in the database."""

ADDRESS = "ada@example.com"
COLOR = "#ffcc00"
TEMPLATE = "Subject: {{ brand }}: is this you?\n\nIs {{ email }} yours?\n\n{{ link }}\n"


async def test_a_mail_has_the_brand_in_its_subject_its_button_and_its_picture(
    start_app: AppFactory, tmp_path: Path
) -> None:
    logo, logo_dark = tmp_path / "logo.png", tmp_path / "logo-dark.png"
    logo.write_bytes(PNG)
    logo_dark.write_bytes(PNG + b"dark")
    async with running_mail_server() as mails:
        app = await start_app(
            brand_name='Acme "<Ltd>"',
            brand_color=COLOR,
            brand_logo=logo,
            brand_logo_dark=logo_dark,
            **mails.settings,
        )
        await person_with(app, email=ADDRESS)
        mail = await mails.mail_to(ADDRESS)

    html = html_of(mail)
    assert mail["Subject"] == 'Acme "<Ltd>": Confirm your email address'
    assert f"background: {COLOR}; color: #000000;" in html
    assert 'alt="Acme &#34;&lt;Ltd&gt;&#34;"' in html
    assert "<Ltd>" not in html
    assert "Confirm your email address</h1>" in html
    for url, content in zip(pictures_of(html), (PNG + b"dark", PNG), strict=True):
        assert url.startswith(f"{app.settings.issuer_url}/assets/")
        picture = await app.http.get(url.removeprefix(app.settings.issuer_url))
        assert picture.content == content
        assert picture.headers["content-type"] == "image/png"
        assert picture.headers["cache-control"] == "public, max-age=3600"


async def test_a_mail_without_a_logo_loads_nothing(start_app: AppFactory) -> None:
    async with running_mail_server() as mails:
        app = await start_app(**mails.settings)
        await person_with(app, email=ADDRESS)
        html = html_of(await mails.mail_to(ADDRESS))

    assert pictures_of(html) == []
    assert (await app.http.get("/assets/logo")).status_code == 404


async def test_a_mail_has_the_operators_own_text(start_app: AppFactory, tmp_path: Path) -> None:
    write(tmp_path / "en", "verify_email.txt", TEMPLATE)
    async with running_mail_server() as mails:
        app = await start_app(mail_templates_dir=tmp_path, brand_name="Acme", **mails.settings)
        await person_with(app, email=ADDRESS)
        mail = await mails.mail_to(ADDRESS)

    assert mail["Subject"] == "Acme: is this you?"
    assert text_of(mail).startswith(f"Is {ADDRESS} yours?")
    assert f"<p>Is {ADDRESS} yours?</p>" in html_of(mail)
    assert await is_valid(app, link_in(mail))


async def test_a_mail_in_another_language_keeps_our_text(
    start_app: AppFactory, tmp_path: Path
) -> None:
    write(tmp_path / "en", "verify_email.txt", TEMPLATE)
    async with running_mail_server() as mails:
        app = await start_app(mail_templates_dir=tmp_path, **mails.settings)
        app.http.headers["accept-language"] = "de"
        await person_with(app, email=ADDRESS)
        mail = await mails.mail_to(ADDRESS)

    assert mail["Subject"] == "Postern: E-Mail-Adresse bestätigen"


@pytest.mark.slow
async def test_a_wrong_template_prevents_startup(tmp_path: Path) -> None:
    write(tmp_path / "mails" / "de", "verify_email.txt", "Subject: Hallo\n\nohne Link\n")

    done = await run_postern(
        tmp_path,
        "serve",
        SMTP_HOST="mail.example.com",
        MAIL_FROM="login@example.com",
        MAIL_TEMPLATES_DIR=str(tmp_path / "mails"),
    )

    assert done.returncode == 2
    assert done.stderr == (
        "postern: MAIL_TEMPLATES_DIR: de/verify_email.txt: {{ link }} is missing\n"
    )


def write(directory: Path, name: str, text: str) -> None:
    directory.mkdir(parents=True)
    (directory / name).write_text(text)


def pictures_of(html: str) -> list[str]:
    return re.findall(r'(?:src|srcset)="([^"]+)"', html)


async def is_valid(app: Application, link: str) -> bool:
    opened = await app.http.get(link)
    page = await app.http.get(opened.headers["location"])
    return page.status_code == 200
