"""A code that was used is remembered as long as the family of its tokens lives."""

import pytest
from sqlalchemy import text

from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import count, services_of
from tests.support.visitor import Visitor, redeem

pytestmark = pytest.mark.both_databases

OFFLINE = "openid offline_access"


@pytest.mark.parametrize("minutes", [6, 60 * 24 * 29])
async def test_a_code_reused_long_after_it_expired_revokes_its_tokens(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, minutes: int
) -> None:
    """RFC 6749 section 4.1.2; SECURITY_BAR row 7"""
    code = await visitor.code_for(client, user, scope=OFFLINE)
    tokens = (await redeem(app, client, code)).json()
    app.clock.advance(seconds=60 * minutes)
    await services_of(app).operations.housekeeping.run_once()

    replay = await redeem(app, client, code)

    assert_oauth_error(replay, "invalid_grant")
    assert_oauth_error(await app.refresh(client, tokens["refresh_token"]), "invalid_grant")
    assert not await app.is_active(client, tokens["access_token"])


async def test_a_code_reused_by_another_client_revokes_nothing(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor, other_client: TestClient
) -> None:
    """SECURITY_BAR row 7"""
    code = await visitor.code_for(client, user, scope=OFFLINE)
    tokens = (await redeem(app, client, code)).json()
    app.clock.advance(seconds=600)
    await services_of(app).operations.housekeeping.run_once()

    assert_oauth_error(await redeem(app, other_client, code), "invalid_grant")

    assert (await app.refresh(client, tokens["refresh_token"])).status_code == 200


async def test_a_used_code_is_deleted_with_its_token_family(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR fault 13: nothing stays for ever"""
    database = services_of(app).core.database
    code = await visitor.code_for(client, user, scope=OFFLINE)
    await redeem(app, client, code)
    before = await count(database, "used_codes")

    app.clock.advance(seconds=100 * 86_400)
    await services_of(app).operations.housekeeping.run_once()

    assert before >= 1
    assert await count(database, "used_codes") == 0
    assert await database.fetch_one(text("SELECT digest FROM authorization_codes")) is None
