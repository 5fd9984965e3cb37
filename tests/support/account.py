"""Helpers for tests of account pages: the stored user, and their events in the audit log."""

import json
from typing import Any

from app.models.accounts.users import User
from app.schemas.claims import StandardClaims
from tests.support.administration import set_claims_of
from tests.support.application import Application, TestUser
from tests.support.parts import services_of
from tests.support.people import person_with
from tests.support.visitor import Visitor

FRESH_SECONDS = 601
"""Seconds after which a sign-in is no longer fresh."""


async def signed_in(visitor: Visitor, user: TestUser) -> None:
    """Sign the user in with this browser."""
    await visitor.sign_in(await visitor.get("/login"), user)


async def stored(app: Application, user: TestUser) -> User:
    return await services_of(app).accounts.users.get(user.username)


async def claims_of(app: Application, user: TestUser) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads((await stored(app, user)).claims)
    return claims


async def happened(app: Application, user_id: str) -> list[tuple[str, dict[str, Any]]]:
    """Return actions and details of a user's audit events, oldest first."""
    events = await services_of(app).core.audit.list_of_user(user_id, limit=200)
    return [(event.action, json.loads(event.details)) for event in reversed(events)]


async def vouched_for(app: Application, user: TestUser, *claims: str) -> None:
    """Mark claims as verified by an operator, as in `email_verified`."""
    await set_claims_of(services_of(app), user.username, StandardClaims(), vouched_for=claims)


async def person_with_mail(app: Application, email: str) -> TestUser:
    """Create a user with a verified email address."""
    user = await person_with(app, email=email)
    await vouched_for(app, user, "email_verified")
    return user
