"""Groups in the admin API, and with them what all of its objects have."""

import json

import pytest

from tests.support.admin_api import ADMIN_TOKEN, MERGE_PATCH, PREFIX, AdminApi, all_pages, pointers
from tests.support.administration import define, events_of, id_of, new_group, new_role
from tests.support.application import Application

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
UNKNOWN = "0" * 32


async def create(api: AdminApi, name: str, **members: object) -> tuple[str, str]:
    """Create a group, and return its path and its ETag."""
    response = await api.post("/groups", {"name": name, **members})
    assert response.status_code == 201, response.text
    return response.headers["location"], response.headers["etag"]


async def test_a_group_is_created_read_changed_and_deleted(app: Application, api: AdminApi) -> None:
    name = app.new_name("group")
    created = await api.post("/groups", {"name": name, "description": "Write"})
    path, etag = created.headers["location"], created.headers["etag"]
    read = await api.get(path)
    changed = await api.patch(path, {"description": "Edit"}, etag=etag)
    deleted = await api.delete(path, etag=changed.headers["etag"])
    gone = await api.get(path)

    assert created.status_code == 201
    assert path == f"{PREFIX}/groups/{created.json()['group_id']}"
    assert read.json() == created.json()
    assert read.headers["etag"] == etag
    assert changed.json() == {**created.json(), "description": "Edit"}
    assert changed.headers["etag"] != etag
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert gone.status_code == 404
    assert gone.json()["error"] == "group_not_found"


async def test_the_second_factor_of_a_group_is_set_changed_and_reset(
    app: Application, api: AdminApi
) -> None:
    created = await api.post(
        "/groups", {"name": app.new_name("group"), "second_factor": "passkey_first"}
    )
    path = created.headers["location"]
    kept = await api.patch(path, {"description": "Other"})
    changed = await api.patch(path, {"second_factor": "required"})
    wrong = await api.patch(path, {"second_factor": "never"})
    reset = await api.patch(path, {"second_factor": None})
    events = [json.loads(each.details) for each in await events_of(app, "group.changed")]

    states = [each.json()["second_factor"] for each in (created, kept, changed, reset)]
    assert states == ["passkey_first", "passkey_first", "required", None]
    assert (wrong.status_code, pointers(wrong)[0][0]) == (422, "/second_factor")
    assert (events[-1]["before"]["second_factor"], events[-1]["after"]["second_factor"]) == (
        "required",
        None,
    )


async def test_each_change_is_one_event_of_the_admin_token(app: Application, api: AdminApi) -> None:
    path, etag = await create(api, app.new_name("group"), description="a")
    await api.patch(path, {"description": "b"}, etag=etag)

    event = (await events_of(app, "group.changed"))[-1]

    assert event.actor == "admin-token"
    assert '"description": "a"' in event.details
    assert '"description": "b"' in event.details


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_a_change_needs_the_current_etag(
    app: Application, api: AdminApi, method: str
) -> None:
    path, etag = await create(api, app.new_name("group"))
    headers = {"Content-Type": MERGE_PATCH}

    async def send(if_match: str | None) -> int:
        sent = headers if if_match is None else {**headers, "If-Match": if_match}
        return (await api.request(method, path, json={}, headers=sent)).status_code

    assert await send(None) == 428
    for stale in ('"99"', f"W/{etag}", "not a tag", '"98", "99"', etag.strip('"')):
        assert await send(stale) == 412, stale
    assert await send(f'"99", {etag}') in (200, 204)


async def test_if_match_star_changes_whatever_version_there_is(
    app: Application, api: AdminApi
) -> None:
    path, _ = await create(api, app.new_name("group"))

    assert (await api.patch(path, {"description": "b"}, etag="*")).status_code == 200


async def test_a_merge_patch_removes_members_and_keeps_others(
    app: Application, api: AdminApi
) -> None:
    """RFC 7396 section 2"""
    floor, color = (f"{name}_{app.new_name('x')[-8:]}" for name in ("floor", "color"))
    await define(app, floor, "number", applies_to="groups")
    await define(app, color, "string", applies_to="groups")
    path, _ = await create(
        api, app.new_name("group"), description="a", attributes={floor: 3, color: "red"}
    )

    changed = await api.patch(path, {"description": None, "attributes": {floor: None}})

    assert changed.json()["description"] == ""
    assert changed.json()["attributes"] == {color: "red"}


@pytest.mark.parametrize("kind", ["application/json", f"{MERGE_PATCH}; charset=utf-8"])
async def test_a_patch_may_have_either_media_type(
    app: Application, api: AdminApi, kind: str
) -> None:
    path, _ = await create(api, app.new_name("group"))

    assert (await api.patch(path, {"description": "b"}, kind=kind)).status_code == 200


async def test_other_media_types_are_refused(app: Application, api: AdminApi) -> None:
    path, _ = await create(api, app.new_name("group"))

    patched = await api.patch(path, {}, kind="text/plain")
    posted = await api.request("POST", "/groups", content=b"name=x")

    assert patched.status_code == posted.status_code == 415
    assert patched.json()["error"] == "unsupported_media_type"


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 5000, b'{"name": "\\ud800"}'])
async def test_what_is_not_json_is_a_bad_request(api: AdminApi, content: bytes) -> None:
    headers = {"Content-Type": "application/json"}

    response = await api.request("POST", "/groups", content=content, headers=headers)

    assert response.status_code == 400
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, [("/name", "missing")]),
        ({"name": ""}, [("/name", "string_too_short")]),
        ({"name": "x", "owner": "mine"}, [("/owner", "extra_forbidden")]),
        ({"name": "x", "a~b/c": 1}, [("/a~0b~1c", "extra_forbidden")]),
        (
            {"name": "x", "attributes": {"nothing": 1}},
            [("/attributes/nothing", "attribute_not_defined")],
        ),
        ([], [("", "model_type")]),
    ],
)  # fmt: skip
async def test_errors_point_at_the_member_of_the_body(
    api: AdminApi, body: object, errors: list[tuple[str, str]]
) -> None:
    response = await api.post("/groups", body)

    assert response.status_code in (409, 422)
    assert pointers(response) == errors


async def test_errors_name_the_parameter(api: AdminApi) -> None:
    response = await api.get("/groups", limit=201)

    assert response.status_code == 422
    assert [(each["location"], each["pointer"]) for each in response.json()["errors"]] == [
        ("query", "/limit")
    ]


async def test_a_taken_name_is_a_conflict(app: Application, api: AdminApi) -> None:
    name = app.new_name("group")
    await create(api, name)

    response = await api.post("/groups", {"name": name.upper()})

    assert response.status_code == 409
    assert pointers(response) == [("/name", "group_name_taken")]


async def test_pages_have_every_group_once_and_search_finds_by_prefix(
    app: Application, api: AdminApi
) -> None:
    prefix = app.new_name("page")
    names = [f"{prefix}-{number}" for number in range(5)]
    for name in names:
        await create(api, name)

    found = await all_pages(api, "/groups", search=prefix.upper(), limit=2)
    everything = await all_pages(api, "/groups", limit=200)

    assert [group["name"] for group in found] == names
    assert {group["name"] for group in everything} >= set(names)


async def test_a_cursor_is_valid_only_for_its_own_query(app: Application, api: AdminApi) -> None:
    prefix = app.new_name("cursor")
    for number in range(3):
        await create(api, f"{prefix}-{number}")
    cursor = (await api.get("/groups", search=prefix, limit=1)).json()["next_cursor"]

    with_other_limit = await api.get("/groups", search=prefix, limit=2, cursor=cursor)
    refused = [
        await api.get("/groups", limit=1, cursor=cursor),
        await api.get("/groups", search=f"{prefix}-", limit=1, cursor=cursor),
        await api.get("/roles", search=prefix, limit=1, cursor=cursor),
        await api.get("/groups", search=prefix, limit=1, cursor=cursor[:-4] + "AAAA"),
        await api.get("/groups", search=prefix, limit=1, cursor="x"),
        await api.get("/groups", search=prefix, limit=1, cursor="\u00e4"),
    ]

    assert len(with_other_limit.json()["items"]) == 2
    assert [response.status_code for response in refused] == [409] * 6
    assert {response.json()["error"] for response in refused} == {"cursor_invalid"}


async def test_members_are_added_listed_and_removed(app: Application, api: AdminApi) -> None:
    users = [await app.register() for _ in range(3)]
    path, _ = await create(api, app.new_name("group"))
    for user in users:
        added = await api.put(f"{path}/members/{await id_of(app, user)}")
        assert added.status_code == 204
    again = await api.put(f"{path}/members/{await id_of(app, users[0])}")

    members = await all_pages(api, f"{path}/members", limit=2)
    removed = await api.delete(f"{path}/members/{await id_of(app, users[0])}")
    absent = await api.delete(f"{path}/members/{await id_of(app, users[0])}")
    remaining = await all_pages(api, f"{path}/members")

    assert again.status_code == 204
    assert {member["username"] for member in members} == {user.username for user in users}
    assert {member["source"] for member in members} == {"manual"}
    assert (removed.status_code, absent.status_code) == (204, 404)
    assert absent.json()["error"] == "membership_not_found"
    assert {member["username"] for member in remaining} == {user.username for user in users[1:]}


async def test_members_of_unknown_groups_and_unknown_users_are_not_found(
    app: Application, api: AdminApi
) -> None:
    path, _ = await create(api, app.new_name("group"))

    assert (await api.put(f"{path}/members/{UNKNOWN}")).status_code == 404
    assert (await api.put(f"/groups/{UNKNOWN}/members/{UNKNOWN}")).status_code == 404
    assert (await api.get(f"/groups/{UNKNOWN}/members")).status_code == 404


async def test_the_roles_of_a_group_are_listed(app: Application, api: AdminApi) -> None:
    group = await new_group(app)
    role = await new_role(app, group)

    response = await api.get(f"/groups/{group.group_id}/roles")

    assert [each["name"] for each in response.json()["items"]] == [role.name]
