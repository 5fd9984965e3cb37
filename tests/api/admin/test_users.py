"""Users in the admin API."""

from datetime import timedelta

import pytest

from tests.support.admin_api import ADMIN_TOKEN, AdminApi, all_pages, pointers
from tests.support.administration import define, events_of, id_of, new_group, new_role
from tests.support.application import PASSWORD, Application
from tests.support.visitor import Visitor

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}


async def create(app: Application, api: AdminApi, **members: object) -> dict[str, object]:
    body = {"username": app.new_name("user"), "password": PASSWORD, **members}
    response = await api.post("/users", body)
    assert response.status_code == 201, response.text
    created: dict[str, object] = response.json()
    return created


async def test_a_user_is_created_and_read(app: Application, api: AdminApi) -> None:
    email = f"{app.new_name('ada')}@example.com"
    created = await create(app, api, email=email, email_verified=True, given_name="Ada")

    read = await api.get(f"/users/{created['user_id']}")

    assert str(created["otp_uri"]).startswith("otpauth://totp/")
    assert read.headers["etag"]
    assert read.json() == {
        "user_id": created["user_id"],
        "username": created["username"],
        "claims": {"email": email, "email_verified": True, "given_name": "Ada"},
        "otp_confirmed": False,
        "disabled": False,
        "created_at": created["created_at"],
        "attributes": {},
        "groups": [],
        "roles": [],
        "has_password": True,
        "passkeys": [],
        "recovery_codes_left": 0,
        "providers": [],
        "sessions": [],
        "clients": [],
        "last_sign_in_at": None,
        "locked_until": None,
        "invited_until": None,
    }


async def test_a_user_is_shown_with_groups_roles_and_the_last_sign_in(
    app: Application, api: AdminApi, visitor: Visitor
) -> None:
    user = await app.enrolled_user()
    group, role = await new_group(app, user), await new_role(app, user)
    await visitor.sign_in(await visitor.get("/login"), user)

    shown = (await api.get(f"/users/{await id_of(app, user)}")).json()

    assert shown["groups"] == [{"group_id": group.group_id, "name": group.name}]
    assert [each["name"] for each in shown["roles"]] == [role.name]
    assert shown["last_sign_in_at"] is not None


@pytest.mark.parametrize(
    ("members", "status", "error"),
    [
        ({"password": "short"}, 422, ("/password", "too_short")),
        ({"role": "administrator"}, 422, ("/role", "extra_forbidden")),
        ({"owner": "mine"}, 422, ("/owner", "extra_forbidden")),
        ({"username": "two words"}, 409, ("/username", "invalid_username")),
        ({"email": "nobody"}, 409, ("/email", "value_error")),
    ],
)
async def test_a_wrong_member_is_named(
    app: Application, api: AdminApi, members: dict[str, object], status: int, error: tuple[str, str]
) -> None:
    body = {"username": app.new_name(), "password": PASSWORD, **members}

    response = await api.post("/users", body)

    assert response.status_code == status
    assert pointers(response) == [error]


async def test_a_response_never_repeats_the_password(app: Application, api: AdminApi) -> None:
    response = await api.post("/users", {"username": app.new_name(), "password": ["s3cret-word"]})

    assert response.status_code == 422
    assert "s3cret-word" not in response.text


async def test_users_are_searched_by_prefix_and_by_group(app: Application, api: AdminApi) -> None:
    family = app.new_name("f").replace("-", "")
    users = [await create(app, api, family_name=family.upper()) for _ in range(3)]
    group = (await api.post("/groups", {"name": app.new_name("group")})).json()["group_id"]
    for user in users[:2]:
        await api.put(f"/groups/{group}/members/{user['user_id']}")

    by_name = await all_pages(api, "/users", search=family[:-1], limit=2)
    by_group = await all_pages(api, "/users", group=group, limit=1)
    by_both = await all_pages(api, "/users", group=group, search=str(users[0]["username"]))
    by_nothing = await all_pages(api, "/users", search="\x00")
    everybody = await all_pages(api, "/users", limit=50)
    by_empty_text = await all_pages(api, "/users", search="", limit=200)

    ids = [user["user_id"] for user in users]
    assert sorted(user["user_id"] for user in by_name) == sorted(ids)
    assert sorted(user["user_id"] for user in by_group) == sorted(ids[:2])
    assert [user["user_id"] for user in by_both] == ids[:1]
    assert by_nothing == []
    assert {user["user_id"] for user in by_empty_text} >= set(ids)
    assert {user["user_id"] for user in everybody} >= set(ids)


async def test_users_without_a_sign_in_since_a_time_are_listed_by_pages(
    app: Application, api: AdminApi, visitor: Visitor
) -> None:
    group = await new_group(app)
    inactive = [await create(app, api) for _ in range(3)]
    active = await app.enrolled_user()
    for user_id in [*(user["user_id"] for user in inactive), await id_of(app, active)]:
        await api.put(f"/groups/{group.group_id}/members/{user_id}")
    app.clock.advance(seconds=86_400)
    since = (app.clock.now() - timedelta(hours=1)).isoformat()
    await visitor.sign_in(await visitor.get("/login"), active)

    found = await all_pages(api, "/users", not_signed_in_since=since, group=group.group_id, limit=2)
    everybody = await all_pages(api, "/users", not_signed_in_since=since, limit=200)

    ids = [user["user_id"] for user in inactive]
    assert sorted(user["user_id"] for user in found) == sorted(ids)
    assert {user["user_id"] for user in everybody} >= set(ids)
    assert await id_of(app, active) not in {user["user_id"] for user in everybody}


@pytest.mark.parametrize(
    ("since", "status"),
    [
        ("yesterday", 422),
        ("1700000000", 422),
        ("2026-01-01", 422),
        ("2026-01-01T00:00:00", 422),
        ("0001-01-01T00:00:00+14:00", 200),
        ("9999-12-31T23:59:59-12:00", 200),
    ],
)
async def test_a_time_has_an_offset(api: AdminApi, since: str, status: int) -> None:
    assert (await api.get("/users", not_signed_in_since=since)).status_code == status


async def test_signing_a_user_out_ends_their_sessions(
    app: Application, api: AdminApi, visitor: Visitor
) -> None:
    user = await app.enrolled_user()
    await visitor.sign_in(await visitor.get("/login"), user)

    response = await api.post(f"/users/{await id_of(app, user)}/sign-out")
    again = await api.post(f"/users/{await id_of(app, user)}/sign-out")

    assert response.json() == {"ended_sessions": 1}
    assert again.json() == {"ended_sessions": 0}
    assert (await visitor.get("/account")).is_redirect


async def test_a_patch_changes_claims_attributes_and_state_together(
    app: Application, api: AdminApi
) -> None:
    floor = f"floor_{app.new_name('x')[-8:]}"
    await define(app, floor, "number")
    user = await create(app, api, given_name="Ada", nickname="a")
    path = f"/users/{user['user_id']}"
    etag = (await api.get(path)).headers["etag"]

    changed = await api.patch(
        path,
        {
            "claims": {"given_name": "Augusta", "nickname": None, "address": {"country": "GB"}},
            "attributes": {floor: 3},
            "disabled": True,
        },
        etag=etag,
    )
    further = await api.patch(path, {"claims": {"address": {"locality": "London"}}})
    same = await api.patch(path, {"claims": {"given_name": "Augusta"}, "disabled": True})

    assert changed.json()["claims"] == {"given_name": "Augusta", "address": {"country": "GB"}}
    assert (changed.json()["attributes"], changed.json()["disabled"]) == ({floor: 3}, True)
    assert further.json()["claims"]["address"] == {"country": "GB", "locality": "London"}
    assert same.headers["etag"] == further.headers["etag"] != changed.headers["etag"] != etag


async def test_a_patch_is_made_entirely_or_not_at_all(app: Application, api: AdminApi) -> None:
    user = await create(app, api)
    path = f"/users/{user['user_id']}"
    before = await api.get(path)

    refused = await api.patch(
        path, {"claims": {"given_name": "Ada"}, "attributes": {"nothing": 1}, "disabled": True}
    )
    after = await api.get(path)

    assert refused.status_code == 409
    assert pointers(refused) == [("/attributes/nothing", "attribute_not_defined")]
    assert after.json() == before.json()
    assert not [
        event
        for event in await events_of(app, "user.claims_changed")
        if event.user_id == user["user_id"]
    ]


async def test_an_email_address_is_verified_only_where_the_patch_says_so(
    app: Application, api: AdminApi
) -> None:
    first, second = (f"{app.new_name('m')}@example.com" for _ in range(2))
    user = await create(app, api, email=first, email_verified=True)
    path = f"/users/{user['user_id']}"

    async def verified(claims: dict[str, object]) -> bool:
        response = await api.patch(path, {"claims": claims})
        assert response.status_code == 200, response.text
        return bool(response.json()["claims"]["email_verified"])

    assert await verified({"email": first}) is True  # as it was
    assert await verified({"email": second}) is False
    assert await verified({"email_verified": True}) is True
    assert await verified({"email": first, "email_verified": True}) is True
    assert await verified({"email_verified": False}) is False


async def test_a_user_is_deleted_with_the_current_etag(app: Application, api: AdminApi) -> None:
    user = await create(app, api)
    path = f"/users/{user['user_id']}"
    etag = (await api.get(path)).headers["etag"]
    await api.patch(path, {"claims": {"given_name": "Ada"}})

    statuses = [
        (await api.delete(path)).status_code,
        (await api.delete(path, etag=etag)).status_code,
        (await api.delete(path, etag=(await api.get(path)).headers["etag"])).status_code,
        (await api.get(path)).status_code,
    ]

    assert statuses == [428, 412, 204, 404]


async def test_a_user_who_is_disabled_loses_their_tokens(app: Application, api: AdminApi) -> None:
    client, user = await app.create_client(), await app.enrolled_user()
    token = (await app.password_grant(client, user)).json()["access_token"]

    await api.patch(f"/users/{await id_of(app, user)}", {"disabled": True})

    assert (await app.profile(token)).status_code == 401


async def test_a_password_is_reset_by_a_link(app: Application, api: AdminApi) -> None:
    user = await app.enrolled_user()
    path = f"/users/{await id_of(app, user)}"

    by_link = await api.post(f"{path}/reset-password", {"delivery": "link"})
    by_mail = await api.post(f"{path}/reset-password", {})

    assert by_link.json()["link"].startswith("http")
    assert by_mail.status_code == 409  # the server sends no mails


async def test_factors_are_reset_and_the_sign_in_is_unlocked(
    app: Application, api: AdminApi
) -> None:
    user = await app.enrolled_user()
    path = f"/users/{await id_of(app, user)}"

    reset = await api.post(f"{path}/reset-factor")
    unlocked = await api.post(f"{path}/unlock")

    assert (reset.status_code, unlocked.json()) == (204, {"locked_until": None})
    assert (await api.get(path)).json()["otp_confirmed"] is False


async def test_a_user_is_invited_into_groups_and_roles(app: Application, api: AdminApi) -> None:
    group, role = await new_group(app), await new_role(app)
    body = {
        "email": f"{app.new_name('ada')}@example.com",
        "groups": [group.group_id],
        "roles": [role.role_id],
        "delivery": "link",
    }
    invited = await api.post("/invitations", body)
    path = invited.headers["location"]
    shown = (await api.get(path)).json()
    resent = await api.post(f"{path}/invitation", {"delivery": "link"})
    revoked = [(await api.delete(f"{path}/invitation")).status_code for _ in range(2)]

    assert invited.status_code == 201
    assert "/invitation" in invited.json()["link"] != resent.json()["link"]
    assert [each["name"] for each in shown["groups"]] == [group.name]
    assert [each["name"] for each in shown["roles"]] == [role.name]
    assert (shown["has_password"], shown["invited_until"] is not None) == (False, True)
    assert revoked == [204, 404]


@pytest.mark.parametrize("member", ["groups", "roles"])
async def test_an_invitation_into_unknown_ones_is_refused(
    app: Application, api: AdminApi, member: str
) -> None:
    body = {"email": f"{app.new_name('a')}@example.com", member: ["0" * 32], "delivery": "link"}

    response = await api.post("/invitations", body)

    assert response.status_code == 404
    assert [pointer for pointer, _ in pointers(response)] == [f"/{member}"]
