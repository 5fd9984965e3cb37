"""The audit log in the admin API."""

import pytest

from tests.support.admin_api import ADMIN_TOKEN, AdminApi, all_pages
from tests.support.administration import id_of
from tests.support.application import Application

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}


async def test_events_are_listed_newest_first_and_filtered(app: Application, api: AdminApi) -> None:
    user_id = await id_of(app, await app.register())
    names = [app.new_name("group") for _ in range(3)]
    for name in names:
        path = (await api.post("/groups", {"name": name})).headers["location"]
        await api.put(f"{path}/members/{user_id}")

    of_action = await all_pages(api, "/audit-events", action="group.created", limit=2)
    of_user = await all_pages(
        api, "/audit-events", user_id=user_id, action="user.group_joined", limit=1
    )
    later = await all_pages(api, "/audit-events", since="2999-01-01T00:00:00Z")

    assert [event["details"]["after"]["name"] for event in of_action][:3] == names[::-1]
    assert {event["actor"] for event in of_action} == {"admin-token"}
    assert len(of_user) == 3
    assert len({event["sequence"] for event in of_user}) == 3
    assert later == []


async def test_events_of_a_client_are_those_by_it_and_about_it(
    app: Application, api: AdminApi
) -> None:
    body = {"redirect_uris": ["https://app.example.com/callback"]}
    made = (await app.http.post("/register", json=body)).json()
    client_id = made["client_id"]
    other = (await app.http.post("/register", json=body)).json()["client_id"]
    headers = {"Authorization": f"Bearer {made['registration_access_token']}"}
    await app.http.put(
        f"/register/{client_id}",
        json={**body, "client_id": client_id, "client_name": "New"},
        headers=headers,
    )
    await api.post(f"/clients/{client_id}/disable")
    await api.post(f"/clients/{other}/disable")

    events = await all_pages(api, "/audit-events", client_id=client_id, limit=1)
    of_action = await all_pages(api, "/audit-events", client_id=client_id, action="client.dis")
    first = (await api.get("/audit-events", client_id=client_id, limit=1)).json()
    mixed = await api.get("/audit-events", client_id=other, limit=1, cursor=first["next_cursor"])

    assert [event["action"] for event in events] == [
        "client.disabled",
        "client.changed",
        "client.registered",
    ]
    assert {event["client_id"] for event in events} == {client_id}
    assert [event["action"] for event in of_action] == ["client.disabled"]
    assert (mixed.status_code, mixed.json()["error"]) == (409, "cursor_invalid")


async def test_text_of_others_is_json(app: Application, api: AdminApi) -> None:
    """SECURITY_BAR row 58"""
    name = f"<script>alert('{app.new_name('x')}')</script>"
    await api.post("/groups", {"name": name})

    response = await api.get("/audit-events", action="group.created", limit=1)

    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.json()["items"][0]["details"]["after"]["name"] == name


@pytest.mark.parametrize(
    "query",
    [
        {"action": "a%"},
        {"user_id": "x"},
        {"client_id": "a b"},
        {"since": "yesterday"},
        {"cursor": "x"},
    ],
)
async def test_a_wrong_filter_is_refused(api: AdminApi, query: dict[str, str]) -> None:
    assert (await api.get("/audit-events", **query)).status_code in (404, 409, 422)
