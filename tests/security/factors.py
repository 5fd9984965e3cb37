"""What tests of second factors do: sign in, read codes off a page, ask the audit log."""

import json
import re
from typing import Any

import httpx

from app.wiring import build_services
from tests.support.application import Application, TestUser
from tests.support.visitor import Visitor

CODE = re.compile(r"<code>([a-z2-9]{4}(?:-[a-z2-9]{4}){3})</code>")


async def sign_in(visitor: Visitor, user: TestUser, page: httpx.Response | None = None) -> Any:
    """By password and code; gives the page that comes after it."""
    return await visitor.sign_in(page or await visitor.get("/login"), user)


async def enroll(visitor: Visitor, user: TestUser) -> tuple[TestUser, httpx.Response]:
    """To the page that follows the first code; the person with the secret that was shown."""
    page = await visitor.give_password(await visitor.get("/login"), user)
    person = TestUser(user.username, user.password, secret_on(page))
    return person, await visitor.submit(page, to="/login/enroll", code=visitor.app.code(person))


async def make_codes(visitor: Visitor) -> list[str]:
    """New recovery codes of who is signed in."""
    page = await visitor.get("/account/recovery-codes")
    return codes_on(await visitor.submit(page, to="/account/recovery-codes"))


async def use_code(visitor: Visitor, user: TestUser, code: str, **fields: str) -> httpx.Response:
    """Signs in with a recovery code; gives the answer to the last form."""
    await visitor.give_password(await visitor.get("/login"), user)
    page = await visitor.get("/login/recovery")
    return await visitor.submit(page, to="/login/recovery", recovery_code=code, **fields)


def codes_on(page: httpx.Response) -> list[str]:
    return CODE.findall(page.text)


def secret_on(page: httpx.Response) -> str:
    found = re.search(r'id="secret"[^>]*>([^<]+)<', page.text)
    assert found is not None, page.text
    return "".join(found[1].split())


def is_signed_in(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and answer.headers["location"] == "/account"


async def audited(app: Application, user: TestUser) -> list[tuple[str, dict[str, Any]]]:
    """What the log holds about a person, the oldest first."""
    services = build_services(app.settings, app.clock)
    try:
        person = await services.accounts.users.get(user.username)
        events = await services.core.audit.list_of_user(person.user_id, limit=500)
    finally:
        await services.close()
    return [(each.action, json.loads(each.details)) for each in reversed(events)]
