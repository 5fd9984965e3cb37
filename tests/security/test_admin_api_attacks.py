"""Attacks by callers of the admin API who hold less than an administrator."""

from typing import Any

import pytest
import pytest_asyncio

from app.schemas.admin_scopes import AdminScope
from app.wiring.secret_boxes import secret_keys
from tests.api.admin.test_access_table import ENDPOINTS
from tests.support.admin_api import ADMIN_TOKEN, AdminApi, pointers
from tests.support.administration import id_of, list_admin_scopes, make, new_group, new_role
from tests.support.application import PASSWORD, Application, TestUser
from tests.support.parts import services_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
ALL_BUT_ADMIN = [scope.value for scope in AdminScope if scope is not AdminScope.ADMIN]


@pytest_asyncio.fixture
async def strong(app: Application) -> AdminApi:
    """A client with every scope except `admin`."""
    return await api_with(app, *ALL_BUT_ADMIN)


@pytest_asyncio.fixture
async def administrator(app: Application) -> TestUser:
    user = await app.enrolled_user()
    await make(app, user, "administrator")
    return user


async def api_with(app: Application, *scopes: str) -> AdminApi:
    client = await app.create_client()
    await list_admin_scopes(app, client, *scopes)
    response = await app.client_credentials(client, scope=" ".join(scopes))
    return AdminApi(app, response.json()["access_token"])


async def is_administrator(app: Application, user: TestUser) -> bool:
    entitlements = await services_of(app).core.entitlements.of(await id_of(app, user))
    return entitlements.is_administrator


async def test_nobody_promotes_themselves_or_others(app: Application, strong: AdminApi) -> None:
    """SECURITY_BAR row 51"""
    user, group, role = await app.enrolled_user(), await new_group(app), await new_role(app)
    user_id = await id_of(app, user)
    attempts = [
        await strong.put(f"/roles/administrator/users/{user_id}"),
        await strong.put(f"/roles/auditor/users/{user_id}"),
        await strong.put(f"/roles/administrator/groups/{group.group_id}"),
        await strong.post(
            "/invitations",
            {"email": "m@example.com", "roles": ["administrator"], "delivery": "link"},
        ),
    ]
    renamed = await strong.patch(f"/roles/{role.role_id}", {"name": "administrator"})
    created = await strong.post("/roles", {"name": "auditor"})

    assert [(each.status_code, each.json()["error"]) for each in attempts] == [
        (403, "administrator_required")
    ] * 4
    assert (renamed.status_code, created.status_code) == (409, 409)
    assert not await is_administrator(app, user)


async def test_a_user_with_a_scope_of_their_own_cannot_promote_themselves(
    app: Application, visitor: Visitor
) -> None:
    """SECURITY_BAR row 51"""
    client, user = await app.create_client(), await app.enrolled_user()
    await list_admin_scopes(app, client, *ALL_BUT_ADMIN)
    tokens = await visitor.tokens_for(client, user, scope="openid users:write roles:write")

    response = await AdminApi(app, tokens["access_token"]).put(
        f"/roles/administrator/users/{await id_of(app, user)}"
    )

    assert response.status_code == 403
    assert not await is_administrator(app, user)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/reset-password", {"delivery": "link"}),
        ("POST", "/reset-password", {"delivery": "mail"}),
        ("POST", "/reset-factor", None),
        ("POST", "/unlock", None),
        ("POST", "/sign-out", None),
        ("POST", "/send-verification-email", None),
        ("PATCH", "", {"claims": {"email": "mallory@example.com", "email_verified": True}}),
        ("PATCH", "", {"attributes": {}, "disabled": True}),
        ("DELETE", "", None),
    ],
)
async def test_users_write_changes_nothing_of_an_administrator(
    app: Application, strong: AdminApi, method: str, path: str, body: Any
) -> None:
    """SECURITY_BAR row 52"""
    user = await app.enrolled_user()
    await AdminApi(app).patch(
        f"/users/{await id_of(app, user)}", {"claims": {"email": f"{user.username}@example.com"}}
    )
    await make(app, user, "administrator")
    url = f"/users/{await id_of(app, user)}"
    before = (await strong.get(url)).json()

    response = await strong.request(method, url + path, json=body, headers={"If-Match": "*"})

    assert response.status_code in (403, 409), response.text
    assert response.json()["error"] in ("administrator_required", "conflict")
    assert (await strong.get(url)).json() == before


async def test_a_link_to_an_administrator_is_never_returned(
    app: Application, administrator: TestUser
) -> None:
    """SECURITY_BAR row 52; not even to a full administrator"""
    response = await AdminApi(app).post(
        f"/users/{await id_of(app, administrator)}/reset-password", {"delivery": "link"}
    )

    assert response.status_code == 409
    assert "http" not in response.text


async def test_groups_write_cannot_use_an_administrators_group(
    app: Application, strong: AdminApi, administrator: TestUser
) -> None:
    """SECURITY_BAR row 53"""
    user, group = await app.enrolled_user(), await new_group(app, administrator)
    await AdminApi(app).put(f"/roles/administrator/groups/{group.group_id}")
    path = f"/groups/{group.group_id}"
    attempts = [
        await strong.put(f"{path}/members/{await id_of(app, user)}"),
        await strong.delete(f"{path}/members/{await id_of(app, administrator)}"),
        await strong.patch(path, {"name": "renamed"}),
        await strong.delete(path, etag="*"),
        await strong.delete(f"/roles/administrator/groups/{group.group_id}"),
        await strong.post(
            "/invitations",
            {"email": "n@example.com", "groups": [group.group_id], "delivery": "link"},
        ),
    ]

    assert [each.status_code for each in attempts] == [403] * len(attempts)
    assert not await is_administrator(app, user)


@pytest.mark.parametrize("member", ["role", "roles", "owner", "trust", "admin_scopes", "version"])
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/users", {"username": "mass", "password": PASSWORD}),
        ("/groups", {"name": "mass"}),
        ("/roles", {"name": "mass"}),
        ("/attributes", {"name": "mass", "type": "string", "applies_to": "users"}),
    ],
)
async def test_members_that_are_not_documented_are_refused(
    app: Application, path: str, body: dict[str, Any], member: str
) -> None:
    """SECURITY_BAR row 56"""
    response = await AdminApi(app).post(path, {**body, member: "administrator"})

    assert response.status_code == 422
    assert pointers(response) == [(f"/{member}", "extra_forbidden")]


async def test_the_last_administrator_cannot_be_removed(app: Application, start_app: Any) -> None:
    """SECURITY_BAR row 57"""
    app = await start_app(admin_token=ADMIN_TOKEN)
    api, user = AdminApi(app), await app.enrolled_user()
    await make(app, user, "administrator")
    user_id = await id_of(app, user)

    attempts = [
        await api.delete(f"/roles/administrator/users/{user_id}"),
        await api.delete(f"/users/{user_id}", etag="*"),
        await api.patch(f"/users/{user_id}", {"disabled": True}),
    ]

    assert [(each.status_code, each.json()["error"]) for each in attempts] == [
        (409, "last_administrator")
    ] * 3
    assert await is_administrator(app, user)


async def test_no_response_contains_a_secret(app: Application, administrator: TestUser) -> None:
    """SECURITY_BAR row 55"""
    client, auditor = (
        await app.create_client(),
        await api_with(app, *(scope.value for scope in AdminScope if not scope.changes)),
    )
    user_id = await id_of(app, administrator)
    user = await services_of(app).accounts.users.get_by_id(user_id)
    secrets = {
        client.client_secret,
        administrator.otp_secret,
        user.password_hash,
        ADMIN_TOKEN,
        *secret_keys(app.settings),
    }
    reads = [each for each in ENDPOINTS if each.method == "GET"]
    read = 0
    for endpoint in reads:
        path = endpoint.path.replace("{user_id}", user_id)
        path = path.replace("{client_id}", client.client_id).replace("{role_id}", "administrator")
        response = await auditor.get(path)
        read += response.status_code == 200
        assert not [secret for secret in secrets if secret in response.text], path

    assert read >= 6
