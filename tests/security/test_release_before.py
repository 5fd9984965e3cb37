"""What users of the release before are in the middle of goes on after the upgrade.

`release_before.json` was recorded with commit 7cfe0ac: its rows, and per browser its cookies and
the forms that were open in it. The database is migrated before the application starts on it.
"""

import json
import re
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest_asyncio
from sqlalchemy import text

from app.database import migrations
from app.security.purposes import Purpose
from app.wiring import make_backend
from tests.support.application import Application, TestUser, running_application
from tests.support.clock import FakeClock
from tests.support.databases import Databases
from tests.support.parts import services_of, settings_for
from tests.support.smtp import running_mail_server
from tests.support.visitor import Visitor, answer_in, visiting
from tests.support.visitor import text_of as shown_on

DATABASES = ("sqlite",)
RECORD: dict[str, Any] = json.loads((Path(__file__).parent / "release_before.json").read_text())
USERS = {name: TestUser(**values) for name, values in RECORD["users"].items()}
AFTER = 90
"""Seconds between the start of the recording and the upgrade: the codes of then are used up."""


async def restore_database(url: str) -> None:
    """Store the recorded rows under their own schema, then migrate it to this release's."""
    backend = make_backend(settings_for(url))
    try:
        await migrations.migrate(backend, RECORD["revision"])
        async with backend.engines.writer.begin() as connection:
            for table, rows in RECORD["rows"].items():
                for row in rows:
                    values = {
                        name: bytes.fromhex(value["hex"]) if isinstance(value, dict) else value
                        for name, value in row.items()
                    }
                    columns, names = ", ".join(values), ", ".join(f":{name}" for name in values)
                    statement = f"INSERT INTO {table} ({columns}) VALUES ({names})"
                    await connection.execute(text(statement), values)
        await migrations.migrate(backend)
    finally:
        await backend.close()


@pytest_asyncio.fixture
async def app(databases: Databases) -> AsyncIterator[Application]:
    url = await databases.empty("sqlite")
    await restore_database(url)
    clock = FakeClock()
    recorded_at = datetime.fromisoformat(RECORD["recorded_at"])
    clock.advance(seconds=(recorded_at - clock.now()).total_seconds() + AFTER)
    async with (
        running_mail_server() as mail_server,
        running_application(
            url, clock=clock, remember_browser_days=30, **mail_server.settings
        ) as application,
    ):
        yield application


def restore(visitor: Visitor, name: str) -> None:
    for cookie, value in RECORD["browsers"][name].items():
        visitor.http.cookies.set(cookie, value)


async def send(visitor: Visitor, path: str, form: dict[str, str], **typed: str) -> httpx.Response:
    """Send a form that was open in the browser before the upgrade."""
    return await visitor.http.post(path, data={**form, **typed})


async def test_a_pending_sign_in_is_completed(app: Application, visitor: Visitor) -> None:
    restore(visitor, "pending")
    form = RECORD["pending"]["fields"]

    at = await send(visitor, "/login/otp", form, code=app.code(USERS["zoe"]))
    response = await visitor.allow(await visitor.follow(at))

    assert "code" in answer_in(response)


async def test_the_page_of_a_pending_sign_in_can_be_reloaded(visitor: Visitor) -> None:
    restore(visitor, "pending")

    page = await visitor.get(RECORD["pending"]["path"])

    assert page.status_code == 200
    assert USERS["zoe"].username in page.text


async def test_a_pending_enrolment_is_completed(app: Application, visitor: Visitor) -> None:
    restore(visitor, "enrolling")
    page = await visitor.get(RECORD["enrolling"]["path"])
    form = RECORD["enrolling"]["fields"]
    secret = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', page.text)
    assert secret is not None
    code = pyotp.TOTP(secret[1].replace(" ", "")).at(app.clock.now())

    codes = await send(visitor, "/login/enroll", form, code=code)

    assert page.status_code == 200
    assert "Save your recovery codes" in shown_on(codes)


async def test_a_trusted_browser_is_not_asked_for_a_code(visitor: Visitor) -> None:
    restore(visitor, "trusted")
    del visitor.http.cookies["postern_sessions"]

    page = await visitor.give_password(await visitor.get("/login"), USERS["zoe"])

    assert page.url.path == "/account"


async def test_a_session_and_the_form_of_a_new_authenticator_go_on(
    app: Application, visitor: Visitor
) -> None:
    restore(visitor, "trusted")
    record = RECORD["new_authenticator"]
    code = pyotp.TOTP(record["otp_secret"]).at(app.clock.now())

    page = await send(visitor, "/account/authenticator/new", record["fields"], code=code)

    assert "Save your recovery codes" in shown_on(page)


async def test_an_unopened_mail_link_returns_to_the_request_of_its_browser(
    visitor: Visitor,
) -> None:
    restore(visitor, "asked")

    page = await visitor.follow(await visitor.http.get(RECORD["unopened_link"]))
    at = await visitor.submit(page, to="/recover/new", password="a-new-one-that-nobody-knows")

    assert "request_id=postern_ar_" in at.headers["location"]
    assert "Sign in to Recorded" in shown_on(await visitor.follow(at))


async def test_a_mail_link_that_is_open_sets_the_password(
    app: Application, visitor: Visitor
) -> None:
    restore(visitor, "opened")
    form = RECORD["opened"]["fields"]

    at = await send(visitor, "/recover/new", form, password="a-new-one-that-nobody-knows")

    assert at.headers["location"] == "/login?done=password"
    async with visiting(app) as elsewhere:
        new = TestUser(USERS["ada"].username, "a-new-one-that-nobody-knows", "")
        page = await elsewhere.give_password(await elsewhere.get("/login"), new)
    assert page.url.path == "/login/otp"


async def test_the_release_before_reads_a_pending_sign_in_of_this_one(
    app: Application, visitor: Visitor
) -> None:
    """Two servers during an upgrade: it reads exactly these members."""
    await visitor.give_password(await visitor.get("/login"), USERS["zoe"])

    sealed = bytes.fromhex(visitor.http.cookies["postern_sign_in"])
    browser = visitor.http.cookies["postern_browser"]
    box = services_of(app).core.box(Purpose.SIGN_IN)
    (zoe,) = (row for row in RECORD["rows"]["users"] if row["username"] == USERS["zoe"].username)
    assert json.loads(box.open(sealed, context=browser)) == {
        "user_id": zoe["user_id"],
        "credentials_version": zoe["credentials_version"],
        "given_at": app.clock.now().timestamp(),
        "otp_secret": None,
        "first_factor": "pwd",
        "session_id": None,
        "auth_time": None,
    }
