"""Which passwords an operator refuses: short ones, and those of a list of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import AppFactory
from tests.support.application import PASSWORD, Application
from tests.support.assertions import assert_problem
from tests.support.visitor import Visitor, text_of, visiting
from tests.unit.test_impossible_settings import refusal_of

MINIMUM = 12
LIST = "Postern Industries\n\n  Zaunk\u00f6nig-Projekt  \n"
"""A file with an empty line, and with spaces around a line."""
TOO_SHORT = f"A password must have {MINIMUM} to 256 characters."
BLOCKED = "This password isn't allowed here. Choose another one."


@pytest_asyncio.fixture
async def app(start_app: AppFactory, tmp_path: Path) -> AsyncIterator[Application]:
    file = tmp_path / "blocked.txt"
    file.write_text(LIST, encoding="utf-8")
    yield await start_app(password_min_length=MINIMUM, password_blocklist_file=file)


@pytest_asyncio.fixture
async def visitor(app: Application) -> AsyncIterator[Visitor]:
    async with visiting(app) as made:
        yield made


@pytest.mark.parametrize(
    ("password", "error", "detail"),
    [
        ("eleven char", "invalid_password", TOO_SHORT),
        ("postern industries", "blocked_password", BLOCKED),
        ("POSTERN INDUSTRIES", "blocked_password", BLOCKED),
        ("zaunko\u0308nig-projekt", "blocked_password", BLOCKED),
    ],
)
async def test_a_password_that_the_operator_refuses_cannot_be_set(
    app: Application, password: str, error: str, detail: str
) -> None:
    answer = await app.http.post(
        "/register_user", json={"username": app.new_name(), "password": password}
    )

    assert_problem(answer, 422, error)
    assert answer.json()["detail"] == detail


@pytest.mark.parametrize("password", [PASSWORD, "postern industries ltd", "twelve chars"])
async def test_other_passwords_are_accepted(app: Application, password: str) -> None:
    assert (await app.register(password=password)).password == password


async def test_the_pages_name_the_minimum_length_in_the_language_of_the_user(
    app: Application, visitor: Visitor
) -> None:
    page = await visitor.get("/create-account")
    assert f"At least {MINIMUM} characters. Longer is better." in text_of(page)

    english = await visitor.submit(page, username=app.new_name(), password="eleven char")
    visitor.http.headers["accept-language"] = "de"
    german = await visitor.submit(page, username=app.new_name(), password="eleven char")

    assert TOO_SHORT in text_of(english)
    assert f"Ein Passwort muss {MINIMUM} bis 256 Zeichen lang sein." in text_of(german)


async def test_a_password_from_before_the_rules_still_signs_in(
    app: Application, start_app: AppFactory
) -> None:
    """Passwords do not expire."""
    before = await start_app(database_url=app.settings.database_url, clock=app.clock)
    user = await before.register(password="eight ch")
    assert (await before.verify_otp(user.username, before.code(user))).status_code == 200
    client = await app.create_client()

    assert (await app.password_grant(client, user)).status_code == 200


def test_a_list_that_is_not_text_is_refused_at_startup(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "blocked.txt"
    file.write_bytes(b"\xff\xfe\x00")

    lines = refusal_of(monkeypatch, PASSWORD_BLOCKLIST_FILE=str(file))

    assert lines == ("PASSWORD_BLOCKLIST_FILE: must name a text file in UTF-8",)


def test_a_minimum_below_eight_is_refused_at_startup(monkeypatch: pytest.MonkeyPatch) -> None:
    (line,) = refusal_of(monkeypatch, PASSWORD_MIN_LENGTH="7")

    assert line.startswith("PASSWORD_MIN_LENGTH")
