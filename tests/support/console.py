"""Administrators and auditors in the console."""

import html
import re

import httpx

from app.services.operations.authority import FULL
from tests.support.account import signed_in
from tests.support.administration import id_of
from tests.support.application import Application, TestUser
from tests.support.identity_provider import fields_in
from tests.support.parts import services_of
from tests.support.visitor import Visitor, text_of

IDLE_SECONDS = 3601
"""Seconds after which the console has been idle for too long."""


async def give_role(app: Application, user: TestUser, role: str) -> None:
    """Give a user `administrator` or `auditor`, without an administrator who could do so."""
    grants = services_of(app).accounts.role_grants
    await grants.grant_to_user(role, await id_of(app, user), authority=FULL)


async def revoke_role(app: Application, user: TestUser, role: str) -> None:
    grants = services_of(app).accounts.role_grants
    await grants.revoke_from_user(role, await id_of(app, user), authority=FULL)


async def administrator_in(visitor: Visitor, role: str = "administrator") -> TestUser:
    """Sign a new administrator or auditor in with this browser."""
    user = await visitor.app.enrolled_user()
    await give_role(visitor.app, user, role)
    await signed_in(visitor, user)
    return user


async def form_fields(visitor: Visitor) -> dict[str, str]:
    """Return what every form in this browser carries: its CSRF token and the session."""
    fields = fields_in(await visitor.get("/account"))
    return {name: fields[name] for name in ("csrf_token", "page_session_id")}


def told(page: httpx.Response) -> str:
    """Return the text of a page with single spaces."""
    return " ".join(text_of(page).split())


def secret_in(page: httpx.Response) -> str:
    """Return the secret that a page shows once."""
    found = re.search('<code id="secret"[^>]*>([^<]+)</code>', page.text)
    assert found is not None, page.text
    return html.unescape(found[1])
