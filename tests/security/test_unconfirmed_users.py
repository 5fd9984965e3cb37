"""Users who register and never confirm a second factor do not stay for ever."""

import json
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import Table, insert, text

from app.database.types import Instant
from app.models.accounts.one_time_links import one_time_links
from app.models.accounts.sessions import sessions
from app.models.clients.consents import consents
from app.models.factors.passkeys import passkeys
from app.models.federation.identity_providers import upstream_identities
from app.models.oauth.token_families import token_families
from tests.conftest import AppFactory
from tests.support.administration import reset_otp, set_user_disabled
from tests.support.application import Application
from tests.support.parts import count, services_of

pytestmark = pytest.mark.both_databases

DAY = 86_400
MARGIN = 301  # seconds; rows are deleted five minutes after they expire


@pytest_asyncio.fixture
async def own(start_app: AppFactory) -> Application:
    """On a database of its own."""
    return await start_app()


async def clean(app: Application, *, days: float = 30) -> None:
    app.clock.advance(seconds=days * DAY + MARGIN)
    await services_of(app).operations.housekeeping.run_once()


async def exists(app: Application, username: str) -> bool:
    found = await services_of(app).core.database.fetch_one(
        text("SELECT 1 FROM users WHERE username = :name").bindparams(name=username)
    )
    return found is not None


async def id_of(app: Application, username: str) -> str:
    return (await services_of(app).accounts.users.get(username)).user_id


async def test_a_user_who_never_confirms_a_second_factor_is_deleted_and_audited(
    own: Application,
) -> None:
    user, other = await own.register(), await own.enrolled_user()
    user_id = await id_of(own, user.username)

    await clean(own)

    events = [each async for each in services_of(own).core.audit.read_all()]
    (deleted,) = [each for each in events if each.action == "user.deleted"]
    assert not await exists(own, user.username)
    assert await exists(own, other.username)
    assert (deleted.user_id, deleted.actor) == (user_id, "system")
    assert json.loads(deleted.details) == {"reason": "never_confirmed"}
    assert await count(services_of(own).core.database, "unconfirmed_users") == 0


async def test_a_deleted_username_can_be_registered_again(own: Application) -> None:
    user = await own.register()
    await clean(own)

    again = await own.enrolled_user(user.username)

    assert again.otp_secret != user.otp_secret
    client = await own.create_client()
    assert (await own.password_grant(client, again)).status_code == 200


async def test_a_user_has_thirty_days_to_confirm_a_second_factor(own: Application) -> None:
    user = await own.register()

    await clean(own, days=29.9)

    assert await exists(own, user.username)
    response = await own.verify_otp(user.username, own.code(user))
    assert response.status_code == 200
    await clean(own)
    assert await exists(own, user.username)


@pytest.mark.parametrize(("days", "stays"), [(1, False), (0, True)])
async def test_the_time_to_confirm_a_second_factor_is_configurable(
    start_app: AppFactory, days: int, stays: bool
) -> None:
    app = await start_app(unconfirmed_user_days=days)
    user = await app.register()

    await clean(app, days=400 if stays else days)

    assert await exists(app, user.username) is stays


async def test_a_user_with_a_reset_authenticator_is_not_deleted(own: Application) -> None:
    """Confirmed once, and reset by an operator: the account is in use"""
    user = await own.enrolled_user()
    await reset_otp(services_of(own), user.username)

    await clean(own, days=400)

    assert await exists(own, user.username)


@pytest.mark.parametrize(
    "table", [sessions, consents, passkeys, upstream_identities, token_families], ids=str
)
async def test_a_user_who_signed_in_or_has_another_sign_in_method_is_not_deleted(
    own: Application, table: Table
) -> None:
    user = await own.register()
    row = row_of(table, own, user_id=await id_of(own, user.username))
    await services_of(own).core.database.change(insert(table).values(row))

    await clean(own)

    assert await exists(own, user.username)


def row_of(table: Table, app: Application, **values: object) -> dict[str, Any]:
    """A row with something in each column that must not be null."""
    later = app.clock.now() + timedelta(days=365)
    something = {bytes: b"something", str: "something", int: 1, bool: False}
    kinds = {
        column.name: later
        if isinstance(column.type, Instant)
        else something[column.type.python_type]
        for column in table.columns
        if not column.nullable
    }
    return {**kinds, **values}


async def test_a_disabled_user_is_not_deleted(own: Application) -> None:
    """Its name is blocked on purpose"""
    user = await own.register()
    await set_user_disabled(services_of(own), user.username, disabled=True)

    await clean(own)

    assert await exists(own, user.username)


async def test_a_user_with_an_administrator_link_is_not_deleted_until_it_expires(
    own: Application,
) -> None:
    user = await own.register()
    user_id, now = await id_of(own, user.username), own.clock.now()
    link = row_of(one_time_links, own, user_id=user_id, expires_at=now + timedelta(days=365))
    await services_of(own).core.database.change(insert(one_time_links).values(link))
    await clean(own)
    while_it_is_valid = await exists(own, user.username)
    await clean(own, days=366)

    await clean(own)

    assert while_it_is_valid
    assert not await exists(own, user.username)
