"""What tests of account pages ask: who a person is below HTTP, and what the audit log says."""

import json
from typing import Any

from app.models.users import User
from app.schemas.claims import StandardClaims
from tests.support.application import Application, TestUser
from tests.support.parts import services_of
from tests.support.people import person_with
from tests.support.visitor import Visitor

FRESH_SECONDS = 601
"""After these, a sign-in is not fresh any more."""


async def signed_in(visitor: Visitor, user: TestUser) -> None:
    """In this browser, a moment ago."""
    await visitor.sign_in(await visitor.get("/login"), user)


async def stored(app: Application, user: TestUser) -> User:
    return await services_of(app).users.get(user.username)


async def claims_of(app: Application, user: TestUser) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads((await stored(app, user)).claims)
    return claims


async def happened(app: Application, user_id: str) -> list[tuple[str, dict[str, Any]]]:
    """The actions that the audit log has of a person, the oldest first, with their details."""
    events = await services_of(app).audit.list_of_user(user_id, limit=200)
    return [(each.action, json.loads(each.details)) for each in reversed(events)]


async def vouched_for(app: Application, user: TestUser, *claims: str) -> None:
    """An operator made sure of them, as in `email_verified`."""
    await services_of(app).users.set_claims(user.username, StandardClaims(), vouched_for=claims)


async def person_with_mail(app: Application, email: str) -> TestUser:
    """A person who gets mails."""
    user = await person_with(app, email=email)
    await vouched_for(app, user, "email_verified")
    return user
