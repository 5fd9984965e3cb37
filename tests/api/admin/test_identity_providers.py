"""Identity providers in the admin API."""

import pytest

from tests.support.admin_api import ADMIN_TOKEN, AdminApi, all_pages, pointers
from tests.support.administration import events_of, new_group
from tests.support.application import Application

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
SECRET = "the-secret-of-the-provider"


async def add(app: Application, api: AdminApi) -> tuple[str, str]:
    """Add a provider, and return its path and its ETag."""
    name = app.new_name("idp").lower().replace("_", "-")
    response = await api.post(
        "/providers",
        {
            "name": name,
            "issuer": f"https://{name}.example.com",
            "client_id": "postern",
            "client_secret": SECRET,
        },
    )
    assert response.status_code == 201, response.text
    return response.headers["location"], response.headers["etag"]


async def test_a_provider_is_added_read_changed_and_removed(
    app: Application, api: AdminApi
) -> None:
    path, etag = await add(app, api)
    read = await api.get(path)
    changed = await api.patch(path, {"label": "Sign in"}, etag=etag)
    stale = await api.patch(path, {"label": "Other"}, etag=etag)
    public = await api.patch(path, {"client_secret": None}, etag=changed.headers["etag"])
    disabled = await api.post(f"{path}/disable")
    enabled = await api.post(f"{path}/enable")
    listed = await all_pages(api, "/providers", limit=1)
    removed = await api.delete(path, etag=enabled.headers["etag"])

    assert read.headers["etag"] == etag
    assert read.json()["has_secret"] is True
    assert changed.json() == {**read.json(), "label": "Sign in"}
    assert (stale.status_code, removed.status_code) == (412, 204)
    assert public.json()["has_secret"] is False
    assert (disabled.json()["disabled"], enabled.json()["disabled"]) == (True, False)
    assert enabled.json() in listed
    assert (await api.get(path)).status_code == 404


async def test_a_secret_is_written_and_never_shown(app: Application, api: AdminApi) -> None:
    path, _ = await add(app, api)
    await api.patch(path, {"client_secret": f"{SECRET}-2"})

    texts = [(await api.get(url)).text for url in (path, "/providers", "/audit-events")]
    details = [event.details for event in await events_of(app, "provider.changed")]

    assert not [text for text in (*texts, *details) if SECRET in text]


async def test_a_provider_keeps_its_issuer_and_its_owner(app: Application, api: AdminApi) -> None:
    path, _ = await add(app, api)

    for member in ("issuer", "name", "owner"):
        response = await api.patch(path, {member: "https://other.example.com"})
        assert pointers(response) == [(f"/{member}", "extra_forbidden")]


async def test_group_mappings_are_read_and_replaced(app: Application, api: AdminApi) -> None:
    path, _ = await add(app, api)
    group = await new_group(app)
    url = f"{path}/group-mappings"
    body = {"groups_claim": "groups", "mappings": {"staff": [group.group_id]}}
    read = await api.get(url)
    tag = {"If-Match": read.headers["etag"]}
    replaced = await api.request("PUT", url, json=body, headers=tag)
    stale = await api.request("PUT", url, json=body, headers=tag)
    without = await api.request("PUT", url, json=body)
    unknown = await api.request(
        "PUT",
        url,
        json={"groups_claim": "groups", "mappings": {"staff": ["0" * 32]}},
        headers={"If-Match": "*"},
    )

    assert read.json() == {"groups_claim": None, "mappings": {}}
    assert replaced.json() == body
    assert (await api.get(url)).json() == body
    assert (stale.status_code, without.status_code, unknown.status_code) == (412, 428, 404)
