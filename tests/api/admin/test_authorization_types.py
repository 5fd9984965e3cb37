"""Types of authorization details in the admin API."""

from typing import Any
from urllib.parse import quote

import pytest

from app.services.operations.authority import FULL
from tests.support.admin_api import ADMIN_TOKEN, PREFIX, AdminApi, all_pages, pointers
from tests.support.administration import events_of, list_admin_scopes
from tests.support.application import Application, TestClient
from tests.support.authorization_types import PAYMENT_SCHEMA, SENTENCE, new_type
from tests.support.parts import services_of
from tests.support.resources import new_resource

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
TYPES = "/authorization-types"


def body_of(name: str, **members: Any) -> dict[str, Any]:
    return {
        "name": name,
        "json_schema": PAYMENT_SCHEMA,
        "description": SENTENCE,
        "is_open_to_all_clients": True,
        **members,
    }


async def api_with(app: Application, *scopes: str) -> AdminApi:
    """Return the admin API as a client with some scopes uses it."""
    client = await app.create_client()
    await list_admin_scopes(app, client, *scopes)
    response = await app.client_credentials(client, scope=" ".join(scopes))
    return AdminApi(app, response.json()["access_token"])


@pytest.mark.parametrize("form", ["{}", "https://bank.example/{}?x=%41"])
async def test_a_type_is_created_read_changed_and_deleted(
    app: Application, api: AdminApi, client: TestClient, form: str
) -> None:
    name, resource = form.format(app.new_name("payment")), await new_resource(app)
    stated = body_of(
        name,
        translations={"de": "Zahlen"},
        is_open_to_all_clients=False,
        clients=[client.client_id],
        resources=[resource.name],
    )
    created = await api.post(TYPES, stated)
    assert created.status_code == 201, created.text
    path, before = created.headers["location"], created.json()
    read = await api.get(path)
    patch = {
        "json_schema": {"properties": {"copies": None}},
        "translations": {"de": None, "fr": "Payer"},
        "clients": [],
        "resources": None,
    }
    changed = await api.patch(path, patch, etag=created.headers["etag"])
    stale = await api.patch(path, {"description": "x"}, etag=created.headers["etag"])
    listed = await all_pages(api, TYPES, limit=1)
    deleted = await api.delete(path, etag=changed.headers["etag"])

    assert path == f"{PREFIX}{TYPES}/{quote(name, safe='/')}"
    assert (read.json(), read.headers["etag"]) == (before, created.headers["etag"])
    assert {member: before[member] for member in stated} == stated
    schema = changed.json()["json_schema"]
    assert PAYMENT_SCHEMA["properties"].keys() - schema["properties"].keys() == {"copies"}
    assert changed.json() == {
        **before,
        "json_schema": schema,
        "translations": {"fr": "Payer"},
        "clients": [],
        "resources": [],
    }
    assert changed.json() in listed
    assert (stale.status_code, deleted.status_code) == (412, 204)
    assert (await api.get(path)).json()["error"] == "authorization_type_not_found"
    for act in ("created", "changed", "deleted"):
        events = await events_of(app, f"authorization_type.{act}")
        assert [event for event in events if f'"{name}"' in event.details], act


@pytest.mark.parametrize(
    ("members", "status", "pointer"),
    [
        ({"json_schema": {"type": "object", "$ref": "https://evil.example"}}, 409, "/json_schema"),
        ({"description": "Pay {unknown}"}, 409, ""),
        ({"clients": ["unknown"]}, 409, "/clients"),
        ({"resources": ["unknown"]}, 409, "/resources"),
        ({"name": "a b"}, 422, "/name"),
        ({"unknown": 1}, 422, "/unknown"),
    ],
)
async def test_a_bad_type_is_refused_with_the_member(
    app: Application, api: AdminApi, members: dict[str, Any], status: int, pointer: str
) -> None:
    stated = {**body_of(app.new_name("payment")), **members}

    response = await api.post(TYPES, stated)

    assert response.status_code == status, response.text
    assert [pointer for pointer, _ in pointers(response)] == [pointer]


async def test_a_name_is_taken_once_and_stays(app: Application, api: AdminApi) -> None:
    kind = await new_type(app)

    taken = await api.post(TYPES, body_of(kind.name))
    renamed = await api.patch(f"{TYPES}/{kind.name}", {"name": "other"}, etag='"1"')

    assert (taken.status_code, renamed.status_code) == (409, 422)
    assert taken.json()["error"] == "authorization_type_name_taken"


async def test_listing_clients_requires_the_right_to_change_them(
    app: Application, client: TestClient
) -> None:
    """Nobody gives more than they hold"""
    api = await api_with(app, "resources:read", "resources:write")
    listing = {"is_open_to_all_clients": False, "clients": [client.client_id]}

    refused = await api.post(TYPES, body_of(app.new_name("payment"), **listing))
    open_one = await api.post(TYPES, body_of(app.new_name("payment")))
    reader = await api_with(app, "resources:read")
    of_reader = await reader.post(TYPES, body_of(app.new_name("payment")))

    assert (refused.status_code, open_one.status_code, of_reader.status_code) == (403, 201, 403)
    assert (await reader.get(open_one.headers["location"])).status_code == 200


async def test_a_deleted_client_is_listed_no_longer(app: Application, api: AdminApi) -> None:
    """A client that gets its id later may request nothing"""
    gone = await app.create_client()
    kind = await new_type(app, is_open_to_all_clients=False, clients=[gone.client_id])

    await services_of(app).clients.administration.delete(gone.client_id, authority=FULL)

    assert (await api.get(f"{TYPES}/{kind.name}")).json()["clients"] == []
