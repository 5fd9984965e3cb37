"""A token given back stays given back, whatever happens to its owner meanwhile (RFC 7009)."""

import pytest

from app.wiring import Services
from tests.support.administration import set_user_disabled
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error

pytestmark = pytest.mark.both_databases


async def test_a_token_revoked_while_the_user_is_disabled_is_still_revoked_afterwards(
    app: Application, client: TestClient, user: TestUser, operator: Services
) -> None:
    """SECURITY_BAR row 39"""
    refresh_token = (await app.password_grant(client, user)).json()["refresh_token"]
    await set_user_disabled(operator, user.username, disabled=True)

    revoked = await app.revoke(client, refresh_token)
    await set_user_disabled(operator, user.username, disabled=False)

    assert revoked.status_code == 200
    assert_oauth_error(await app.refresh(client, refresh_token), "invalid_grant")
