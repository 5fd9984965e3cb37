"""Roles and their grants in the admin API."""

import pytest

from tests.support.admin_api import ADMIN_TOKEN, AdminApi, all_pages, pointers
from tests.support.administration import id_of, new_group
from tests.support.application import Application

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}


async def test_a_role_is_created_read_changed_and_deleted(app: Application, api: AdminApi) -> None:
    client = await app.create_client()
    body = {"name": app.new_name("role"), "client_id": client.client_id, "description": "a"}
    created = await api.post("/roles", body)
    path, etag = created.headers["location"], created.headers["etag"]
    changed = await api.patch(path, {"description": "b"}, etag=etag)
    stale = await api.patch(path, {"description": "c"}, etag=etag)
    deleted = await api.delete(path, etag=changed.headers["etag"])

    assert created.json().items() >= body.items()
    assert changed.json() == {**created.json(), "description": "b"}
    assert (stale.status_code, deleted.status_code) == (412, 204)
    assert (await api.get(path)).json()["error"] == "role_not_found"


async def test_a_role_of_an_unknown_client_is_not_found(app: Application, api: AdminApi) -> None:
    response = await api.post("/roles", {"name": "x", "client_id": "nobody"})

    assert response.status_code == 404


async def test_a_role_keeps_its_client_and_has_no_owner_to_set(
    app: Application, api: AdminApi
) -> None:
    path = (await api.post("/roles", {"name": app.new_name("role")})).headers["location"]

    for member in ("client_id", "owner", "role_id"):
        response = await api.patch(path, {member: "x"})
        assert response.status_code == 422
        assert pointers(response) == [(f"/{member}", "extra_forbidden")]


async def test_reserved_roles_are_read_and_never_changed(api: AdminApi) -> None:
    read = await api.get("/roles/administrator")
    changed = await api.patch("/roles/administrator", {"description": "x"})
    deleted = await api.delete("/roles/auditor", etag="*")

    assert read.json()["name"] == "administrator"
    assert (changed.status_code, deleted.status_code) == (409, 409)
    assert changed.json()["error"] == "role_reserved"


async def test_roles_are_granted_listed_and_revoked(app: Application, api: AdminApi) -> None:
    user, group = await app.register(), await new_group(app)
    path = (await api.post("/roles", {"name": app.new_name("role")})).headers["location"]
    of_user, of_group = f"{path}/users/{await id_of(app, user)}", f"{path}/groups/{group.group_id}"
    for grant in (of_user, of_group, of_user):
        assert (await api.put(grant)).status_code == 204

    grants = await all_pages(api, f"{path}/grants", limit=1)
    for grant in (of_user, of_group):
        assert (await api.delete(grant)).status_code == 204
    absent = await api.delete(of_user)

    assert [(each["kind"], each["id"], each["name"]) for each in grants] == [
        ("group", group.group_id, group.name),
        ("user", await id_of(app, user), user.username),
    ]
    assert absent.status_code == 404
    assert await all_pages(api, f"{path}/grants") == []


async def test_lists_have_every_role_once(app: Application, api: AdminApi) -> None:
    client = await app.create_client()
    names = [app.new_name("role") for _ in range(3)]
    for name in names:
        await api.post("/roles", {"name": name, "client_id": client.client_id})

    roles = await all_pages(api, "/roles", limit=2)

    assert [each["name"] for each in roles if each["client_id"] == client.client_id] == sorted(
        names
    )
    assert len({each["role_id"] for each in roles}) == len(roles)
