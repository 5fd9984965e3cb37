"""Who may register clients, and how long a client waits for its first use (RFC 7591 section 3)."""

from datetime import timedelta

import pytest
import pytest_asyncio

from app.services.operations.authority import FULL
from app.wiring import build_services
from tests.conftest import AppFactory
from tests.protocol.registering import (
    PRODUCTION,
    WEB,
    bearer,
    client_of,
    manage,
    path_of,
    register,
    registered,
)
from tests.support.application import Application, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.parts import count, services_of
from tests.support.visitor import Visitor, redeem

MONTH = 30 * 86_400
ADMIN_TOKEN = PRODUCTION["admin_token"]
MACHINE = {"redirect_uris": None, "grant_types": ["client_credentials"]}


@pytest_asyncio.fixture
async def by_invitation(start_app: AppFactory) -> Application:
    return await start_app(**PRODUCTION, dynamic_registration="token")


@pytest_asyncio.fixture
async def invitation(by_invitation: Application) -> str:
    return await invite(by_invitation)


async def invite(app: Application, *, days: int = 1) -> str:
    """What `postern clients invite` does, on the application's database."""
    services = build_services(app.settings, app.clock)
    try:
        token, _ = await services.clients.initial_access_tokens.create(
            "a team", lasts=timedelta(days=days), authority=FULL
        )
        return token
    finally:
        await services.close()


async def test_production_requires_the_admin_token_to_register(start_app: AppFactory) -> None:
    """SECURITY_BAR row 41; CONTRACT: ADMIN_TOKEN opens registration where it is closed"""
    app = await start_app(**PRODUCTION)

    metadata = await app.http.get("/.well-known/openid-configuration")
    without = await register(app, redirect_uris=[WEB])
    wrong = await register(app, token="an-operators-own-word-Tg5Wq8Zr2", redirect_uris=[WEB])
    invited = await register(app, token=await invite(app), redirect_uris=[WEB])
    admin = await register(app, token=ADMIN_TOKEN, redirect_uris=[WEB])

    assert "registration_endpoint" not in metadata.json()
    for refused in (without, wrong, invited):
        assert_oauth_error(refused, "invalid_token", status=401)
    assert admin.status_code == 201


async def test_a_client_can_manage_itself_where_registration_is_closed(
    start_app: AppFactory,
) -> None:
    """RFC 7592 section 1"""
    app = await start_app(**PRODUCTION)
    made = await registered(app, token=ADMIN_TOKEN, redirect_uris=[WEB])

    answer = await manage(app, "GET", made)

    assert answer.status_code == 200


async def test_registration_by_invitation_requires_an_initial_access_token(
    by_invitation: Application, invitation: str
) -> None:
    """SECURITY_BAR row 41; RFC 7591 section 3"""
    without = await register(by_invitation, redirect_uris=[WEB])
    wrong = await register(by_invitation, token="postern_ia_nothing", redirect_uris=[WEB])
    invited = await register(by_invitation, token=invitation, redirect_uris=[WEB])
    admin = await register(by_invitation, token=ADMIN_TOKEN, redirect_uris=[WEB])

    for refused in (without, wrong):
        assert_oauth_error(refused, "invalid_token", status=401)
        assert refused.headers["www-authenticate"].startswith("Bearer")
    assert 'error="invalid_token"' not in without.headers["www-authenticate"]
    assert [invited.status_code, admin.status_code] == [201, 201]


async def test_an_initial_access_token_is_valid_for_one_day(
    by_invitation: Application, invitation: str
) -> None:
    """RFC 7591 section 1.2"""
    by_invitation.clock.advance(seconds=86_399)
    in_time = await register(by_invitation, token=invitation, redirect_uris=[WEB])
    by_invitation.clock.advance(seconds=1)
    too_late = await register(by_invitation, token=invitation, redirect_uris=[WEB])

    assert in_time.status_code == 201
    assert_oauth_error(too_late, "invalid_token", status=401)


@pytest.mark.parametrize("kind", ["access", "refresh", "registration", "secret"])
async def test_no_other_token_is_accepted_as_an_initial_access_token(
    by_invitation: Application, invitation: str, kind: str
) -> None:
    """SECURITY_BAR rows 36 and 41"""
    made = await registered(
        by_invitation, token=invitation, redirect_uris=None,
        grant_types=["client_credentials", "password", "refresh_token"],
    )  # fmt: skip
    user = await _enrolled(by_invitation)
    pair = (await by_invitation.password_grant(client_of(made), user)).json()
    token = {
        "access": pair["access_token"],
        "refresh": pair["refresh_token"],
        "registration": made["registration_access_token"],
        "secret": made["client_secret"],
    }[kind]

    answer = await register(by_invitation, token=token, redirect_uris=[WEB])

    assert_oauth_error(answer, "invalid_token", status=401)


async def test_an_initial_access_token_cannot_read_a_client(
    by_invitation: Application, invitation: str
) -> None:
    """SECURITY_BAR rows 36 and 41"""
    made = await registered(by_invitation, token=invitation, redirect_uris=[WEB])

    for token in (invitation, ADMIN_TOKEN):
        answer = await by_invitation.http.get(path_of(made), headers=bearer(token))
        assert_oauth_error(answer, "invalid_token", status=401)


@pytest.mark.parametrize("grant_type", ["password", "client_credentials"])
async def test_password_and_client_credentials_grants_require_an_invitation(
    app: Application, grant_type: str
) -> None:
    """CONTRACT: these grants only with an initial access token"""
    grants = {"grant_types": ["authorization_code", grant_type]}

    stranger = await register(app, **grants)
    guest = await register(app, token=await invite(app), **grants)

    assert_oauth_error(stranger, "invalid_client_metadata")
    assert guest.status_code == 201
    assert guest.json()["grant_types"] == grants["grant_types"]


async def test_an_invited_client_can_use_the_client_credentials_grant(app: Application) -> None:
    """RFC 6749 section 4.4"""
    made = await registered(app, token=await invite(app), **MACHINE)

    answer = await app.client_credentials(client_of(made))

    assert made["response_types"] == []
    assert answer.status_code == 200


async def test_a_wrong_token_is_refused_where_no_token_is_required(app: Application) -> None:
    """SECURITY_BAR row 41"""
    answer = await register(app, token="postern_ia_nothing")

    assert_oauth_error(answer, "invalid_token", status=401)


async def test_the_token_is_checked_before_the_metadata(
    by_invitation: Application,
) -> None:
    """SECURITY_BAR row 41: the credential comes before the body"""
    answer = await register(by_invitation, redirect_uris=["javascript:alert(1)"])

    assert_oauth_error(answer, "invalid_token", status=401)


async def test_an_unused_client_expires_without_housekeeping(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    """No housekeeping has to come by"""
    made = await registered(app)
    code = await visitor.code_for(client_of(made), user)
    app.clock.advance(seconds=MONTH)

    redeemed = await redeem(app, client_of(made), code)
    authorized = await visitor.authorize(client_of(made))
    read = await manage(app, "GET", made)

    assert_oauth_error(redeemed, "invalid_client", status=401)
    assert authorized.status_code == 400
    assert_oauth_error(read, "invalid_token", status=401)


@pytest.mark.slow
async def test_a_client_that_was_used_once_does_not_expire(
    app: Application, user: TestUser, visitor: Visitor
) -> None:
    made = await registered(app)
    app.clock.advance(seconds=MONTH - 60)
    await visitor.tokens_for(client_of(made), user)
    app.clock.advance(seconds=MONTH)

    await services_of(app).operations.housekeeping.run_once()

    assert (await manage(app, "GET", made)).status_code == 200
    assert "id_token" in await visitor.tokens_for(client_of(made), user)


async def test_a_request_with_a_wrong_secret_does_not_prevent_expiry(app: Application) -> None:
    """Who knows no secret cannot keep a registration alive"""
    made = await registered(app)
    await app.client_credentials(client_of({**made, "client_secret": "wrong"}))
    app.clock.advance(seconds=MONTH)

    assert (await manage(app, "GET", made)).status_code == 401


async def test_an_invited_client_does_not_expire_unused(app: Application) -> None:
    made = await registered(app, token=await invite(app))
    app.clock.advance(seconds=12 * MONTH)

    await services_of(app).operations.housekeeping.run_once()

    assert (await manage(app, "GET", made)).status_code == 200


async def test_housekeeping_deletes_all_data_of_an_expired_client(
    start_app: AppFactory,
) -> None:
    app = await start_app()
    database = services_of(app).core.database
    forgotten = await registered(app, redirect_uris=[WEB])
    kept = await app.create_client(redirect_uri="https://kept.example.com/callback")
    app.clock.advance(seconds=MONTH + 600)

    await services_of(app).operations.housekeeping.run_once()

    assert (await manage(app, "GET", forgotten)).status_code == 401
    assert (await app.client_credentials(kept)).status_code == 200
    assert await count(database, "clients") == 1
    assert await count(database, "client_origins") == 1


async def _enrolled(app: Application) -> TestUser:
    """In production the administrator registers people."""
    app.http.headers["authorization"] = f"Bearer {ADMIN_TOKEN}"
    try:
        return await app.enrolled_user()
    finally:
        del app.http.headers["authorization"]
