"""Scopes of the catalogue in the admin API."""

from urllib.parse import quote

import pytest

from tests.support.admin_api import ADMIN_TOKEN, AdminApi, all_pages, pointers
from tests.support.application import Application

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}


@pytest.mark.parametrize("form", ["{}", "https://api.example.com/{}/read?x=%41"])
async def test_a_scope_is_created_read_changed_and_removed(
    app: Application, api: AdminApi, form: str
) -> None:
    name = form.format(app.new_name("reports"))
    created = await api.post(
        "/scopes", {"name": name, "description": "Read", "translations": {"de": "Lesen"}}
    )
    path = created.headers["location"]
    read = await api.get(path)
    changed = await api.patch(
        path, {"translations": {"de": None, "fr": "Lire"}}, etag=created.headers["etag"]
    )
    stale = await api.patch(path, {"description": "x"}, etag=created.headers["etag"])
    listed = await all_pages(api, "/scopes", limit=1)
    removed = await api.delete(path, etag=changed.headers["etag"])

    assert path.endswith(quote(name, safe="/"))
    assert read.json() == created.json()
    assert read.json()["name"] == name
    assert changed.json() == {**created.json(), "translations": {"fr": "Lire"}}
    assert changed.json() in listed
    assert (stale.status_code, removed.status_code) == (412, 204)
    assert (await api.get(path)).json()["error"] == "scope_not_found"


@pytest.mark.parametrize("name", ["openid", "admin", "users:read"])
async def test_a_reserved_name_is_refused(api: AdminApi, name: str) -> None:
    response = await api.post("/scopes", {"name": name, "description": "x"})

    assert [pointer for pointer, _ in pointers(response)] == ["/name"]
