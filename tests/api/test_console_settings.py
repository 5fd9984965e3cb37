"""The settings in force in the console."""

import httpx

from tests.conftest import AppFactory
from tests.support.application import SECRET_KEY
from tests.support.console import administrator_in
from tests.support.visitor import text_of, visiting

DATABASES = ("sqlite",)
PATH = "/admin/settings"
TOKEN = "an-administrators-token-of-the-tests-2"
PASSWORD_OF_MAIL = "s3cret-of-the-mail-server"
SETTINGS = {
    "admin_token": TOKEN,
    "smtp_host": "127.0.0.1",
    "smtp_username": "postern",
    "smtp_password": PASSWORD_OF_MAIL,
    "mail_from": "server@example.com",
    "help_url": "https://ada:pa55word@help.example.com/",
    "access_token_ttl": 601,
}


def row_of(page: httpx.Response, name: str) -> str:
    row = page.text.partition(f">{name}</code>")[2].partition("</tr>")[0]
    return " ".join(text_of(httpx.Response(200, text=row)).split())


async def test_an_auditor_reads_every_setting_and_no_secret(start_app: AppFactory) -> None:
    app = await start_app(**SETTINGS)
    async with visiting(app) as visitor:
        await administrator_in(visitor, "auditor")

        page, start = await visitor.get(PATH), await visitor.get("/admin")

    assert f'href="{PATH}"' in start.text
    assert "601 changed" in row_of(page, "ACCESS_TOKEN_TTL")
    assert "How long" in row_of(page, "SESSION_TTL")
    assert "default" in row_of(page, "SESSION_TTL")
    assert row_of(page, "SMTP_PASSWORD").endswith("set changed")
    assert row_of(page, "REDIS_URL").endswith("not set default")
    assert "https://ada:***@help.example.com/" in row_of(page, "HELP_URL")
    secrets = (TOKEN, PASSWORD_OF_MAIL, SECRET_KEY, "pa55word")
    assert [each for each in secrets if each in page.text] == []
    assert "<form" not in page.text


async def test_descriptions_are_marked_as_english_in_other_languages(
    start_app: AppFactory,
) -> None:
    app = await start_app()
    async with visiting(app) as visitor:
        await administrator_in(visitor)

        page = await visitor.http.get(PATH, headers={"accept-language": "de"})

    assert 'lang="de"' in page.text
    assert "Geltende Einstellungen" in page.text
    assert '<small lang="en">' in page.text
