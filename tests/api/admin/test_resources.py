"""Resources in the admin API, and the default resources of clients."""

from typing import Any

import pytest

from tests.support.admin_api import ADMIN_TOKEN, PREFIX, AdminApi, all_pages, pointers
from tests.support.administration import events_of, list_admin_scopes, new_group
from tests.support.application import Application, TestClient
from tests.support.parts import services_of
from tests.support.resources import READ, WRITE, new_resource

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}


def body_of(name: str, **members: Any) -> dict[str, Any]:
    return {
        "name": name,
        "identifier": f"https://{name}.example",
        "title": "Reports",
        "is_open_to_all_clients": True,
        **members,
    }


async def api_with(app: Application, *scopes: str) -> AdminApi:
    """Return the admin API as a client with some scopes uses it."""
    client = await app.create_client()
    await list_admin_scopes(app, client, *scopes)
    response = await app.client_credentials(client, scope=" ".join(scopes))
    return AdminApi(app, response.json()["access_token"])


async def test_a_resource_is_created_read_changed_and_deleted(
    app: Application, api: AdminApi, client: TestClient
) -> None:
    name, group = app.new_name("api"), (await new_group(app)).group_id
    stated = body_of(
        name,
        aliases=[f"https://{name}.example/mcp"],
        scopes=[{**READ, "translations": {"de": "Lesen"}}, WRITE],
        token_format="jwt",
        signing_alg="PS256",
        access_token_ttl=300,
        is_open_to_all_clients=False,
        requesters=[client.client_id],
        servers=[client.client_id],
        shows_metadata=True,
        allows_personal_tokens=True,
        policies={"personal_tokens": {"kind": "groups", "groups": [group]}},
    )
    created = await api.post("/resources", stated)
    assert created.status_code == 201, created.text
    path, before = created.headers["location"], created.json()
    read = await api.get(path)
    changed = await api.patch(
        path,
        {
            "title": "Other",
            "aliases": None,
            "scopes": [READ],
            "access_token_ttl": None,
            "policies": {"personal_tokens": None},
        },
        etag=created.headers["etag"],
    )
    stale = await api.patch(path, {"title": "x"}, etag=created.headers["etag"])
    without = await api.patch(path, {"title": "x"}, etag=None)
    deleted = await api.delete(path, etag=changed.headers["etag"])

    assert path == f"{PREFIX}/resources/{name}"
    assert (read.json(), read.headers["etag"]) == (before, created.headers["etag"])
    assert {key: before[key] for key in stated if key not in ("scopes", "policies")} == {
        key: stated[key] for key in stated if key not in ("scopes", "policies")
    }
    assert before["scopes"][0] == {**READ, "translations": {"de": "Lesen"}, "implies": []}
    assert before["policies"]["personal_tokens"]["groups"] == [group]
    assert changed.json() == {
        **before,
        "title": "Other",
        "aliases": [],
        "scopes": [{**READ, "translations": {}, "implies": []}],
        "access_token_ttl": None,
        "policies": {"personal_tokens": {"kind": "everyone", "groups": []}},
    }
    assert (stale.status_code, without.status_code, deleted.status_code) == (412, 428, 204)
    assert (await api.get(path)).json()["error"] == "resource_not_found"


async def test_resources_are_listed_by_pages_and_found_by_a_beginning(
    app: Application, api: AdminApi
) -> None:
    prefix = app.new_name("find")
    names = [f"{prefix}-{letter}" for letter in "abc"]
    for name in names:
        await new_resource(app, name=name, title=f"Title {name}")

    found = await all_pages(api, "/resources", limit=1, search=prefix.upper())
    by_title = await all_pages(api, "/resources", search=f"title {names[1]}")
    by_identifier = await all_pages(api, "/resources", search=f"https://{names[2]}.")

    assert [each["name"] for each in found] == names
    assert [each["name"] for each in by_title] == names[1:2]
    assert [each["name"] for each in by_identifier] == names[2:]


@pytest.mark.parametrize(
    ("members", "status", "pointer"),
    [
        ({"name": "No Name"}, 422, "/name"),
        ({"identifier": "https://a.example/#x"}, 409, "/identifier"),
        ({"identifier": "relative"}, 409, "/identifier"),
        ({"aliases": ["https://user@a.example"]}, 409, "/aliases/0"),
        ({"scopes": [{"name": "a b", "description": "x"}]}, 422, "/scopes/0/name"),
        ({"scopes": [{"name": "openid", "description": "x"}]}, 409, "/scopes"),
        ({"scopes": [{"name": "users:read", "description": "x"}]}, 409, "/scopes"),
        ({"scopes": [{**READ, "translations": {"German": "x"}}]}, 422, None),
        ({"token_format": "saml"}, 422, "/token_format"),
        ({"signing_alg": "none"}, 422, "/signing_alg"),
        ({"signing_alg": "HS256"}, 422, "/signing_alg"),
        ({"access_token_ttl": 59}, 422, "/access_token_ttl"),
        ({"access_token_ttl": 86_401}, 422, "/access_token_ttl"),
        ({"is_open_to_all_clients": None}, 422, "/is_open_to_all_clients"),
        ({"is_open_to_all_clients": 1}, 422, "/is_open_to_all_clients"),
        ({"requesters": ["unknown"]}, 409, "/requesters"),
        ({"servers": ["unknown"]}, 409, "/servers"),
        ({"policies": {"personal_tokens": {"kind": "groups", "groups": ["0" * 32]}}}, 409, None),
        ({"owner": "infra"}, 422, "/owner"),
        ({"version": 7}, 422, "/version"),
    ],
)
async def test_what_is_wrong_is_pointed_at(
    app: Application, api: AdminApi, members: dict[str, Any], status: int, pointer: str | None
) -> None:
    response = await api.post("/resources", {**body_of(app.new_name("api")), **members})

    assert response.status_code == status, response.text
    if pointer is not None:
        assert [each for each, _ in pointers(response)] == [pointer]


async def test_it_must_be_said_which_clients_may_request_a_resource(
    app: Application, api: AdminApi
) -> None:
    body = body_of(app.new_name("api"))
    del body["is_open_to_all_clients"]

    response = await api.post("/resources", body)

    assert [pointer for pointer, _ in pointers(response)] == ["/is_open_to_all_clients"]


async def test_names_and_identifiers_are_taken_once(app: Application, api: AdminApi) -> None:
    made, other = await new_resource(app), app.new_name("other")

    for member, body in {
        "/name": body_of(made.name, identifier=f"https://{other}.example"),
        "/identifier": body_of(other, identifier=f"{made.identifier}/"),
        "/aliases": body_of(other, aliases=[made.identifier]),
    }.items():
        response = await api.post("/resources", body)
        assert response.status_code == 409
        assert [pointer for pointer, _ in pointers(response)] == [member]


@pytest.mark.parametrize(
    "members",
    [
        *({"name": "other"}, {"identifier": "https://other.example"}, {"owner": "x"}),
        *({"title": None}, {"is_open_to_all_clients": None}, {"version": 9}),
    ],
)
async def test_what_stays_cannot_be_patched(
    app: Application, api: AdminApi, members: dict[str, Any]
) -> None:
    made = await new_resource(app)

    response = await api.patch(f"/resources/{made.name}", members)

    assert response.status_code == 422
    assert await services_of(app).oauth.resources.get(made.name) == made


async def test_a_resource_that_is_a_default_stays(
    app: Application, api: AdminApi, client: TestClient
) -> None:
    made = await new_resource(app)
    path = f"/clients/{client.client_id}/default-resource"

    async def put(name: str | None, **headers: str) -> Any:
        headers = headers or {"If-Match": "*"}
        return await api.request("PUT", path, json={"default_resource": name}, headers=headers)

    set_ = await put(made.name)
    kept = await api.delete(f"/resources/{made.name}", etag="*")
    stale = await put(None, **{"If-Match": '"0"'})
    unset = await put(None)
    deleted = await api.delete(f"/resources/{made.name}", etag="*")

    assert set_.json()["default_resource"] == made.name
    assert (kept.status_code, kept.json()["error"]) == (409, "resource_is_default")
    assert stale.status_code == 412
    assert unset.json()["default_resource"] is None
    assert deleted.status_code == 204


async def test_a_default_resource_is_one_that_the_client_may_request(
    app: Application, api: AdminApi, client: TestClient
) -> None:
    closed = await new_resource(app, is_open_to_all_clients=False)
    path = f"/clients/{client.client_id}/default-resource"

    async def put(name: str) -> Any:
        body = {"default_resource": name}
        return await api.request("PUT", path, json=body, headers={"If-Match": "*"})

    refused, unknown = await put(closed.name), await put("unknown")

    assert pointers(refused) == [("/default_resource", "resource_not_allowed")]
    assert unknown.json()["error"] == "resource_not_found"


async def test_listing_clients_needs_the_authority_over_these_clients(
    app: Application, client: TestClient
) -> None:
    """The row of the admin surface: nobody gives more than they hold"""
    with_admin_scopes = await app.create_client()
    await list_admin_scopes(app, with_admin_scopes, "users:read")
    made = await new_resource(app)
    of_resources = await api_with(app, "resources:write")
    of_both = await api_with(app, "resources:write", "clients:write")
    path = f"/resources/{made.name}"

    for member in ("requesters", "servers"):
        refused = await of_resources.patch(path, {member: [client.client_id]})
        refused_too = await of_both.patch(path, {member: [with_admin_scopes.client_id]})
        assert (refused.status_code, refused_too.status_code) == (403, 403)
    new = await of_resources.post(
        "/resources", body_of(app.new_name("api"), servers=[client.client_id])
    )
    renamed = await of_resources.patch(path, {"title": "Renamed"})
    listed = await of_both.patch(path, {"servers": [client.client_id]})
    unlisted = await of_resources.patch(path, {"servers": []})

    assert new.status_code == 403
    assert (renamed.status_code, listed.status_code, unlisted.status_code) == (200, 200, 403)


async def test_a_change_is_in_the_audit_log(app: Application, api: AdminApi) -> None:
    name = app.new_name("api")
    await api.post("/resources", body_of(name))
    await api.patch(f"/resources/{name}", {"title": "Other"})
    await api.delete(f"/resources/{name}", etag="*")

    for action in ("created", "changed", "deleted"):
        events = await events_of(app, f"resource.{action}")
        assert len([each for each in events if name in str(each.details)]) == 1, action
