"""What access tokens open in the admin API: an administrator's list, the user's role, and a second
factor decide, and each of them can be taken away.

SECURITY_BAR row 59
"""

from typing import Any

import pytest
from sqlalchemy import update

from app.models.clients.clients import clients
from tests.protocol.devices import DEVICE_CODE, question, start_device
from tests.support.admin_api import ADMIN_TOKEN, AdminApi
from tests.support.administration import events_of, id_of, list_admin_scopes, make, unmake
from tests.support.application import Application, TestClient, TestUser
from tests.support.parts import services_of
from tests.support.visitor import Visitor, answer_in, redeem, visiting

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
ALL = "admin users:read users:write groups:read groups:write audit:read"


async def register_scope(app: Application, client: TestClient, scope: str) -> None:
    """Register a scope as a release did that did not know the admin API."""
    await services_of(app).core.database.change(
        update(clients).where(clients.c.client_id == client.client_id).values(scope=scope)
    )


async def own_token(app: Application, client: TestClient, scope: str) -> str:
    response = await app.client_credentials(client, scope=scope)
    assert response.status_code == 200, response.text
    return str(response.json()["access_token"])


async def status(app: Application, token: str | None, path: str = "/groups") -> int:
    return (await AdminApi(app, token).get(path)).status_code


async def created(app: Application, token: str) -> int:
    response = await AdminApi(app, token).post("/groups", {"name": app.new_name("group")})
    return response.status_code


async def administrator(app: Application, role: str = "administrator") -> TestUser:
    user = await app.enrolled_user()
    await make(app, user, role)
    return user


async def test_a_client_has_exactly_the_listed_scopes_of_its_token(app: Application) -> None:
    client = await app.create_client()
    await list_admin_scopes(app, client, "groups:read", "users:read")

    token = await own_token(app, client, "groups:read")

    assert await status(app, token, "/groups") == 200
    assert await created(app, token) == 403
    assert await status(app, token, "/roles") == 403


async def test_the_scope_admin_includes_all_others(app: Application) -> None:
    client = await app.create_client()
    await list_admin_scopes(app, client, "admin")

    assert await created(app, await own_token(app, client, "admin")) == 201


async def test_a_client_is_granted_no_scope_that_is_not_listed(app: Application) -> None:
    client = await app.create_client()
    await list_admin_scopes(app, client, "groups:read")

    refused = await app.client_credentials(client, scope="groups:write")
    by_default = await app.client_credentials(client)

    assert refused.json()["error"] == "invalid_scope"
    assert "groups:read" not in by_default.json()["scope"]


async def test_a_scope_that_is_registered_as_metadata_opens_nothing(app: Application) -> None:
    """A client of before the upgrade goes on getting its own scope of this name."""
    client = await app.create_client()
    await register_scope(app, client, f"openid {ALL}")

    token = await own_token(app, client, ALL)

    assert await status(app, token) == 403
    assert (await app.introspect(client, token))["scope"] == ALL


async def test_a_token_of_before_the_listing_opens_nothing(app: Application) -> None:
    client = await app.create_client()
    await register_scope(app, client, f"openid {ALL}")
    before = await own_token(app, client, ALL)
    app.clock.advance(seconds=1)
    await list_admin_scopes(app, client, "groups:read")
    after = await own_token(app, client, "groups:read")
    app.clock.advance(seconds=1)
    await list_admin_scopes(app, client, "groups:read", "groups:write")

    assert await status(app, before) == 403
    assert await status(app, after) == 200
    assert await created(app, after) == 403


async def test_a_refreshed_family_of_before_the_listing_opens_nothing(app: Application) -> None:
    client, user = await app.create_client(), await administrator(app)
    await register_scope(app, client, f"openid offline_access {ALL}")
    tokens = (await app.password_grant(client, user, scope="admin offline_access")).json()
    app.clock.advance(seconds=1)
    await list_admin_scopes(app, client, "admin")

    refreshed = (await app.refresh(client, tokens["refresh_token"])).json()

    assert await status(app, tokens["access_token"]) == 403
    assert await status(app, refreshed["access_token"]) == 403


async def test_taking_a_scope_off_the_list_ends_access_at_once(app: Application) -> None:
    client = await app.create_client()
    await list_admin_scopes(app, client, "groups:read")
    token = await own_token(app, client, "groups:read")
    await list_admin_scopes(app, client)
    taken = await status(app, token)
    app.clock.advance(seconds=1)
    await list_admin_scopes(app, client, "groups:read")

    assert taken == 403
    assert await status(app, token) == 403  # it is older than the new list


async def test_a_user_needs_the_role_and_the_client_the_scope(
    app: Application, visitor: Visitor
) -> None:
    client, user = await app.create_client(), await administrator(app)
    await list_admin_scopes(app, client, "groups:read", "groups:write")

    tokens = await visitor.tokens_for(client, user, scope="openid groups:read groups:write")

    assert tokens["scope"] == "openid groups:read groups:write"
    assert await created(app, tokens["access_token"]) == 201
    assert await status(app, tokens["access_token"], "/roles") == 403


async def test_a_user_without_a_role_grants_the_rest_of_the_scope(
    app: Application, visitor: Visitor
) -> None:
    """The consent page does not offer what cannot be granted."""
    client, user = await app.create_client(), await app.enrolled_user()
    await list_admin_scopes(app, client, "admin")

    page = await visitor.authorize(client, scope="openid admin")
    consent = await visitor.sign_in(page, user)
    answer = answer_in(await visitor.allow(consent))
    tokens = (await redeem(app, client, answer["code"])).json()

    assert ">admin<" not in consent.text
    assert tokens["scope"] == "openid"
    assert await status(app, tokens["access_token"]) == 403


async def test_a_user_without_a_role_has_no_access_if_nothing_is_left(
    app: Application, visitor: Visitor
) -> None:
    client, user = await app.create_client(), await app.enrolled_user()
    await list_admin_scopes(app, client, "admin")

    page = await visitor.sign_in(await visitor.authorize(client, scope="admin"), user)

    assert page.url.path == "/no-access"
    assert page.status_code == 403


async def test_an_auditor_gets_only_scopes_that_read(app: Application, visitor: Visitor) -> None:
    client, user = await app.create_client(), await administrator(app, "auditor")
    await list_admin_scopes(app, client, *ALL.split())

    tokens = await visitor.tokens_for(client, user, scope=ALL)

    assert tokens["scope"] == "users:read groups:read audit:read"
    assert await status(app, tokens["access_token"]) == 200
    assert await created(app, tokens["access_token"]) == 403


async def test_taking_the_role_away_ends_access_at_once(app: Application, visitor: Visitor) -> None:
    client, user = await app.create_client(), await administrator(app)
    await administrator(app)
    await list_admin_scopes(app, client, "groups:read", "groups:write")
    tokens = await visitor.tokens_for(client, user, scope="groups:read groups:write")
    await make(app, user, "auditor")
    await unmake(app, user, "administrator")
    as_auditor = (
        await status(app, tokens["access_token"]),
        await created(app, tokens["access_token"]),
    )
    await unmake(app, user, "auditor")

    assert as_auditor == (200, 403)
    assert await status(app, tokens["access_token"]) == 403


async def test_a_session_of_more_than_ten_minutes_has_to_sign_in_again(
    app: Application, visitor: Visitor
) -> None:
    client, user = await app.create_client(), await administrator(app)
    await list_admin_scopes(app, client, "admin")
    await visitor.tokens_for(client, user, scope="openid")
    app.clock.advance(seconds=660)

    silent = answer_in(await visitor.authorize(client, scope="openid admin", prompt="none"))
    page = await visitor.authorize(client, scope="openid admin")
    consent = await visitor.sign_in(page, user)
    tokens = (await redeem(app, client, answer_in(await visitor.allow(consent))["code"])).json()

    assert silent["error"] == "login_required"
    assert page.url.path == "/login"
    assert await status(app, tokens["access_token"]) == 200


async def test_an_ordinary_user_is_not_asked_to_sign_in_again(
    app: Application, visitor: Visitor
) -> None:
    client, user = await app.create_client(), await app.enrolled_user()
    await list_admin_scopes(app, client, "admin")
    await visitor.tokens_for(client, user, scope="openid")
    app.clock.advance(seconds=660)

    answer = answer_in(await visitor.authorize(client, scope="openid admin", prompt="none"))

    assert "code" in answer


async def test_a_refreshed_token_opens_nothing(app: Application, visitor: Visitor) -> None:
    """A second factor of long ago must not last as long as a refresh token."""
    client, user = await app.create_client(), await administrator(app)
    await list_admin_scopes(app, client, "admin")
    tokens = await visitor.tokens_for(client, user, scope="openid offline_access admin")

    refreshed = (await app.refresh(client, tokens["refresh_token"])).json()
    asked = await app.refresh(client, refreshed["refresh_token"], scope="openid admin")

    assert refreshed["scope"] == "openid offline_access"
    assert await status(app, refreshed["access_token"]) == 403
    assert await status(app, asked.json().get("access_token")) in (401, 403)


async def test_the_password_grant_without_a_code_grants_no_admin_scope(app: Application) -> None:
    client, user = await app.create_client(), await administrator(app)
    await list_admin_scopes(app, client, "admin")

    tokens = (await app.password_grant(client, user, scope="openid admin")).json()
    nothing_left = await app.password_grant(client, user, scope="admin")

    assert tokens["scope"] == "openid"
    assert await status(app, tokens["access_token"]) == 403
    assert nothing_left.json()["error"] == "invalid_scope"


async def test_a_device_gets_what_its_user_may_grant(app: Application, visitor: Visitor) -> None:
    client = await app.create_client(grant_types=[DEVICE_CODE], scope="openid")
    await list_admin_scopes(app, client, "groups:read", "groups:write")
    user = await administrator(app, "auditor")
    device = await start_device(app, client, scope="openid groups:read groups:write")
    page = await question(visitor, device, user)
    await visitor.submit(page, to="/device/decision", decision="allow")

    tokens = (await device.ask()).json()

    assert tokens["scope"] == "openid groups:read"
    assert await status(app, tokens["access_token"]) == 200


async def test_a_device_needs_a_recent_second_factor(app: Application, visitor: Visitor) -> None:
    client = await app.create_client(grant_types=[DEVICE_CODE], scope="openid")
    await list_admin_scopes(app, client, "admin")
    user = await administrator(app)
    await visitor.sign_in(await visitor.get("/login"), user)
    device = await start_device(app, client, scope="openid admin")
    page = await question(visitor, device, user)
    app.clock.advance(seconds=660)
    later = await start_device(app, client, scope="openid admin")

    forged = await visitor.submit(
        page, to="/device/decision", decision="allow", user_code=later.user_code
    )
    asked = await visitor.follow(await visitor.get("/device", user_code=later.user_code))

    assert (await later.ask()).json()["error"] == "authorization_pending"
    assert (forged.is_redirect, asked.url.path) == (True, "/login")


async def test_the_audit_log_names_the_user_or_the_client(
    app: Application, visitor: Visitor
) -> None:
    client, user = await app.create_client(), await administrator(app)
    await list_admin_scopes(app, client, "groups:write")
    tokens = await visitor.tokens_for(client, user, scope="groups:write")
    await created(app, await own_token(app, client, "groups:write"))
    await created(app, tokens["access_token"])

    actors = [event.actor for event in await events_of(app, "group.created")][-2:]

    assert actors == [f"client:{client.client_id}", f"user:{await id_of(app, user)}"]


async def test_create_client_refuses_admin_scopes_and_register_drops_them(
    app: Application,
) -> None:
    body: dict[str, Any] = {"client_name": app.new_name("c"), "grant_types": ["client_credentials"]}
    refused = await app.http.post("/create_client", json={**body, "scope": "openid users:read"})
    registered = await app.http.post(
        "/register",
        json={"redirect_uris": ["https://c.example/cb"], "scope": "openid admin users:write"},
    )

    assert refused.status_code == 422
    assert refused.json()["error"] == "admin_scope_in_metadata"
    assert registered.json()["scope"] == "openid"


async def test_discovery_does_not_name_admin_scopes(app: Application) -> None:
    metadata = (await app.http.get("/.well-known/openid-configuration")).json()

    assert not set(ALL.split()) & set(metadata["scopes_supported"])


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer x", f"Basic {ADMIN_TOKEN}", f"Bearer {ADMIN_TOKEN}x", "Bearer \u00e4"],
)
async def test_without_a_valid_token_there_is_no_access(
    app: Application, authorization: str
) -> None:
    headers = {"Authorization": authorization.encode()}

    response = await app.http.get("/admin/api/v1/groups", headers=headers)

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer ")
    assert response.headers["content-type"] == "application/problem+json"


async def test_a_stranger_learns_nothing_about_a_body(app: Application) -> None:
    for content in (b"{", b"{}", b'{"name": 7}'):
        response = await app.http.post("/admin/api/v1/groups", content=content)

        assert response.status_code == 401


async def test_wrong_tokens_are_limited_and_recorded_and_the_right_one_still_works(
    start_app: Any,
) -> None:
    app = await start_app(admin_token=ADMIN_TOKEN, token_error_limit=5)

    statuses = [await status(app, f"guess-{number}") for number in range(7)]

    assert statuses == [401] * 5 + [429] * 2
    assert await status(app, ADMIN_TOKEN) == 200
    assert await events_of(app, "administrator.refused")


async def test_requests_of_one_caller_are_limited(start_app: Any) -> None:
    app = await start_app(admin_token=ADMIN_TOKEN, admin_api_limit=3)

    responses = [await AdminApi(app).get("/groups") for _ in range(5)]

    assert [each.status_code for each in responses] == [200, 200, 200, 429, 429]
    assert "retry-after" in responses[-1].headers


async def test_every_login_makes_the_password_grant_a_second_factor(start_app: Any) -> None:
    app = await start_app(admin_token=ADMIN_TOKEN, otp_policy="every_login")
    client, user = await app.create_client(), await administrator(app)
    await list_admin_scopes(app, client, "admin")
    app.clock.advance(seconds=31)

    tokens = (await app.password_grant(client, user, scope="admin", otp=app.code(user))).json()

    assert await status(app, tokens["access_token"]) == 200


async def test_a_browser_that_is_signed_in_by_password_alone_gives_the_factor(
    start_app: Any,
) -> None:
    app = await start_app(admin_token=ADMIN_TOKEN, remember_browser_days=30)
    client, user = await app.create_client(), await administrator(app)
    await list_admin_scopes(app, client, "admin")
    async with visiting(app) as visitor:
        app.clock.advance(seconds=60)
        page = await visitor.give_password(await visitor.get("/login"), user)
        await visitor.submit(page, to="/login/otp", code=app.code(user), remember_browser="1")
        visitor.http.cookies.delete("postern_sessions")

        page = await visitor.give_password(await visitor.authorize(client, scope="admin"), user)
        app.clock.advance(seconds=60)
        consent = await visitor.follow(
            await visitor.submit(page, to="/login/otp", code=app.code(user))
        )
        answer = answer_in(await visitor.allow(consent))
        tokens = (await redeem(app, client, answer["code"])).json()

    assert page.url.path == "/login/otp"
    assert await status(app, tokens["access_token"]) == 200
