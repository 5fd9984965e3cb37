"""What ends a device's code and its tokens (RFC 8628 section 3.5): time, and changes of mind."""

from typing import Any

import pytest

from app.services.operations.authority import FULL
from app.wiring import Services
from tests.conftest import AppFactory
from tests.protocol.devices import DEVICE_CODE, Device, decide, device_client, start_device
from tests.support.administration import reset_password, set_user_disabled
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import count, services_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.both_databases

SESSION_LASTS = 12 * 3600
OFFLINE = "openid offline_access"


async def test_a_password_reset_invalidates_an_earlier_approval(
    app: Application, user: TestUser, visitor: Visitor, operator: Services
) -> None:
    device = await allowed_device(app, user, visitor)
    await reset_password(operator, user.username, "another good password")

    assert_oauth_error(await device.ask(), "expired_token")


async def test_disabling_the_user_invalidates_an_earlier_approval(
    app: Application, user: TestUser, visitor: Visitor, operator: Services
) -> None:
    device = await allowed_device(app, user, visitor)
    await set_user_disabled(operator, user.username, disabled=True)

    assert_oauth_error(await device.ask(), "expired_token")


async def test_a_client_disabled_after_the_approval_is_refused(
    app: Application, user: TestUser, visitor: Visitor, operator: Services
) -> None:
    """SECURITY_BAR row 3"""
    device = await allowed_device(app, user, visitor)
    await operator.clients.administration.set_disabled(
        device.client.client_id, disabled=True, authority=FULL
    )

    assert_oauth_error(await device.ask(), "invalid_client", status=401)


async def test_consent_revoked_before_the_device_polls_invalidates_the_approval(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 34"""
    device = await allowed_device(app, user, visitor)
    await take_back(visitor, device.client)

    assert_oauth_error(await device.ask(), "expired_token")


async def test_consent_revoked_later_revokes_the_tokens(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Also those that were to outlive the session"""
    device, tokens = await connected_device(app, user, visitor, scope=OFFLINE)
    await take_back(visitor, device.client)

    assert (await app.profile(tokens["access_token"])).status_code == 401
    assert_oauth_error(await app.refresh(device.client, tokens["refresh_token"]), "invalid_grant")


async def test_signing_out_revokes_the_tokens_of_a_device(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """SECURITY_BAR row 30"""
    device, tokens = await connected_device(app, user, visitor, scope="openid")
    await sign_out(visitor)

    assert (await app.profile(tokens["access_token"])).status_code == 401
    assert_oauth_error(await app.refresh(device.client, tokens["refresh_token"]), "invalid_grant")


async def test_tokens_of_a_device_with_offline_access_survive_the_sign_out(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """OpenID Connect Core section 11"""
    device, tokens = await connected_device(app, user, visitor, scope=OFFLINE)
    await sign_out(visitor)

    refreshed = await app.refresh(device.client, tokens["refresh_token"])

    assert refreshed.status_code == 200
    assert (await app.profile(refreshed.json()["access_token"])).status_code == 200


async def test_the_tokens_of_a_device_without_offline_access_expire_with_the_session(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """Of two devices only the one that may work alone goes on after the session's time"""
    bound, bound_tokens = await connected_device(app, user, visitor, scope="openid")
    alone, alone_tokens = await connected_device(app, user, visitor, scope=OFFLINE)
    app.clock.advance(seconds=SESSION_LASTS)

    ended = await app.refresh(bound.client, bound_tokens["refresh_token"])
    lives = await app.refresh(alone.client, alone_tokens["refresh_token"])

    assert_oauth_error(ended, "invalid_grant")
    assert lives.status_code == 200


async def test_polling_again_after_redemption_does_not_revoke_the_tokens(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """An impatient device is no thief: the code is a secret that it never sent through a browser"""
    device, tokens = await connected_device(app, user, visitor, scope="openid")

    assert_oauth_error(await device.ask(), "invalid_grant")
    assert (await app.profile(tokens["access_token"])).status_code == 200


async def test_a_device_code_is_deleted_some_time_after_it_expires(start_app: AppFactory) -> None:
    app = await start_app()
    old = await start_device(app)
    app.clock.advance(seconds=601)
    new = await start_device(app)
    assert_oauth_error(await old.ask(), "expired_token")
    services = services_of(app)

    await services.operations.housekeeping.run_once()
    told_at_once = await old.ask()
    app.clock.advance(seconds=300)
    await services.operations.housekeeping.run_once()

    assert_oauth_error(told_at_once, "expired_token")
    assert_oauth_error(await old.ask(), "invalid_grant")
    assert_oauth_error(await new.ask(), "authorization_pending")
    assert await count(services.core.database, "device_codes") == 1


async def allowed_device(app: Application, user: TestUser, visitor: Visitor, **form: str) -> Device:
    client = await device_client(app, scope=f"{OFFLINE} profile")
    device = await start_device(app, client, **form)
    await decide(visitor, device, user)
    return device


async def connected_device(
    app: Application, user: TestUser, visitor: Visitor, **form: str
) -> tuple[Device, dict[str, Any]]:
    """A device, and its tokens, which are worth something."""
    device = await allowed_device(app, user, visitor, **form)
    tokens = (await device.ask()).json()
    assert (await app.profile(tokens["access_token"])).status_code == 200
    return device, tokens


async def take_back(visitor: Visitor, client: TestClient) -> None:
    page = await visitor.get("/account")
    to = "/account/applications/revoke"
    answer = await visitor.submit(page, to=to, client_id=client.client_id)
    assert answer.status_code == 303


async def sign_out(visitor: Visitor) -> None:
    answer = await visitor.submit(await visitor.get("/logout"), to="/logout/confirm")
    assert answer.status_code == 200


async def test_a_device_of_a_public_client_gets_a_refresh_token_if_it_asks_for_offline_access(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    client = await device_client(
        app,
        grant_types=[DEVICE_CODE],
        scope=OFFLINE,
        token_endpoint_auth_method="none",
    )
    device = await start_device(app, client, scope=OFFLINE)
    await decide(visitor, device, user)

    tokens = (await device.ask()).json()

    assert (await app.refresh(client, tokens["refresh_token"])).status_code == 200
