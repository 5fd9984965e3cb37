"""People with addresses, and what they do with the mails they get."""

import json
from typing import Any

import httpx

from tests.support.application import Application, TestUser
from tests.support.events import new_event
from tests.support.parts import services_of
from tests.support.people import person_with
from tests.support.smtp import MailServer, link_in
from tests.support.visitor import Visitor

NEW_PASSWORD = "a-new-one-that-nobody-knows"


async def person_with_mailbox(app: Application, mail_server: MailServer, address: str) -> TestUser:
    """A person who can sign in and whose address is verified."""
    user = await person_with(app, email=address)
    services = services_of(app)
    await mail_server.mail_to(address)
    stored = await services.accounts.users.get(user.username)
    claims = {**json.loads(stored.claims), "email_verified": True}
    await users_of(app).replace_claims(
        stored, json.dumps(claims), is_full=True, now=app.clock.now(), event=new_event()
    )
    mail_server.mails.clear()
    return user


def users_of(app: Application) -> Any:
    return services_of(app).accounts.email_verification._user_repository


async def claims_of(app: Application, user: TestUser) -> dict[str, Any]:
    stored = await services_of(app).accounts.users.get(user.username)
    claims: dict[str, Any] = json.loads(stored.claims)
    return claims


async def audited(app: Application, user: TestUser) -> list[str]:
    """What the audit log has about a person, the newest first."""
    services = services_of(app)
    stored = await services.accounts.users.get(user.username)
    return [each.action for each in await services.core.audit.list_of_user(stored.user_id)]


async def ask_for_link(visitor: Visitor, asked: str) -> httpx.Response:
    return await visitor.submit(await visitor.get("/recover"), to="/recover", username=asked)


async def open_link(visitor: Visitor, link: str) -> httpx.Response:
    return await visitor.follow(await visitor.http.get(link))


async def reset_link(
    visitor: Visitor, mail_server: MailServer, user: TestUser, address: str
) -> str:
    """The link of the mail that a person asks for."""
    count = len(mail_server.to(address))
    await ask_for_link(visitor, user.username)
    return link_in(await mail_server.mail_to(address, number=count + 1))


async def set_password(
    visitor: Visitor, page: httpx.Response, password: str = NEW_PASSWORD
) -> httpx.Response:
    return await visitor.submit(page, to="/recover/new", password=password)
