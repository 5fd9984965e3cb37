"""Definitions of attributes in the admin API."""

import pytest

from tests.support.admin_api import ADMIN_TOKEN, AdminApi, all_pages, pointers
from tests.support.application import Application

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}


def new_name(app: Application) -> str:
    return app.new_name("attribute").replace("-", "_")


async def test_an_attribute_is_defined_read_changed_and_deleted(
    app: Application, api: AdminApi
) -> None:
    name = new_name(app)
    created = await api.post("/attributes", {"name": name, "type": "list", "applies_to": "users"})
    path = created.headers["location"]
    changed = await api.patch(
        path, {"editable_by": "user", "description": "x"}, etag=created.headers["etag"]
    )
    reset = await api.patch(path, {"editable_by": None, "description": None})
    listed = await all_pages(api, "/attributes", limit=1)
    deleted = await api.delete(path, etag=reset.headers["etag"])

    assert path.endswith(f"/attributes/{name}")
    assert changed.json()["editable_by"] == "user"
    assert reset.json() == created.json()
    assert created.json() in listed
    assert deleted.status_code == 204
    assert (await api.get(path)).status_code == 404


async def test_the_type_of_an_attribute_stays(app: Application, api: AdminApi) -> None:
    body = {"name": new_name(app), "type": "string", "applies_to": "users"}
    path = (await api.post("/attributes", body)).headers["location"]

    response = await api.patch(path, {"type": "number"})

    assert pointers(response) == [("/type", "extra_forbidden")]
