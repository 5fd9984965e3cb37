"""Trusted issuers in the admin API."""

import json
from typing import Any

import pytest

from tests.support.admin_api import ADMIN_TOKEN, PREFIX, AdminApi, all_pages, pointers
from tests.support.administration import events_of, id_of, list_admin_scopes
from tests.support.application import Application, TestClient, TestUser
from tests.support.assertions import assert_oauth_error
from tests.support.client_jwts import jwks, signing_key
from tests.support.parts import services_of
from tests.support.resources import new_resource
from tests.support.trusted_issuers import PATTERN, SUBJECT, Workload, new_workload, workload_client

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
KEYS = jwks(signing_key())


def body_of(app: Application, client: TestClient | None, **members: Any) -> dict[str, Any]:
    return {
        "name": app.new_name("build"),
        "issuer": "https://build.example",
        "jwks": KEYS,
        "algorithms": [signing_key().algorithm],
        "audience": app.settings.issuer_url,
        "subjects": [PATTERN],
        "client_id": client.client_id if client is not None else None,
        "scopes": [],
        "resources": [],
        **members,
    }


async def api_with(app: Application, *scopes: str) -> AdminApi:
    """Return the admin API as a client with some scopes uses it."""
    client = await app.create_client()
    await list_admin_scopes(app, client, *scopes)
    response = await app.client_credentials(client, scope=" ".join(scopes))
    return AdminApi(app, response.json()["access_token"])


async def test_an_issuer_is_trusted_read_changed_and_deleted(
    app: Application, api: AdminApi, client: TestClient
) -> None:
    """Issue 17 section 8: it has a version, as other objects have"""
    resource = await new_resource(app)
    stated = body_of(
        app,
        client,
        scopes=["read"],
        resources=[resource.name],
        claims={"repository_owner_id": "65"},
        maximum_age=7200,
    )
    created = await api.post("/issuers", stated)
    assert created.status_code == 201, created.text
    path, before = created.headers["location"], created.json()
    read = await api.get(path)
    changed = await api.patch(
        path,
        {
            "jwks": None,
            "jwks_uri": "https://build.example/jwks",
            "subjects": ["repo:octo/other:*"],
            "claims": {"repository_owner_id": None, "environment": "live"},
            "resources": [],
            "maximum_age": None,
        },
        etag=created.headers["etag"],
    )
    stale = await api.patch(path, {"maximum_age": 60}, etag=created.headers["etag"])
    without = await api.patch(path, {"maximum_age": 60}, etag=None)
    deleted = await api.delete(path, etag=changed.headers["etag"])

    assert path == f"{PREFIX}/issuers/{stated['name']}"
    assert (read.json(), read.headers["etag"]) == (before, created.headers["etag"])
    assert {name: before[name] for name in stated} == stated
    assert (before["presenters"], before["user_id"], before["owner"]) == ([], None, "manual")
    assert changed.status_code == 200, changed.text
    assert changed.json() == {
        **before,
        "jwks": None,
        "jwks_uri": "https://build.example/jwks",
        "subjects": ["repo:octo/other:*"],
        "claims": {"environment": "live"},
        "resources": [],
        "maximum_age": 3600,
    }
    assert (stale.status_code, without.status_code, deleted.status_code) == (412, 428, 204)
    assert (await api.get(path)).json()["error"] == "issuer_not_found"


async def test_a_changed_row_decides_from_the_next_token_on(
    app: Application, api: AdminApi
) -> None:
    client = await workload_client(app)
    workload = await new_workload(app, client_id=client.client_id)
    before = await workload.token(client_id=client.client_id)

    changed = await api.patch(f"/issuers/{workload.row.name}", {"subjects": ["repo:octo/other:*"]})
    refused = await workload.token(client_id=client.client_id)
    row = await services_of(app).oauth.trusted_issuers.get(workload.row.name)
    other = Workload(app, row, workload.key)
    after = await other.token(other.assertion(sub="repo:octo/other:x"), client_id=client.client_id)

    assert changed.status_code == 200, changed.text
    assert (before.status_code, after.status_code) == (200, 200)
    assert_oauth_error(refused, "invalid_grant")


async def test_a_row_is_for_a_user_whom_clients_present(
    app: Application, api: AdminApi, client: TestClient, user: TestUser
) -> None:
    user_id = await id_of(app, user)
    of_user = body_of(app, None, user_id=user_id, presenters=[client.client_id])

    created = await api.post("/issuers", of_user)

    assert created.status_code == 201, created.text
    assert (created.json()["user_id"], created.json()["client_id"]) == (user_id, None)


async def test_issuers_are_listed_by_pages_and_found_by_a_beginning(
    app: Application, api: AdminApi, client: TestClient
) -> None:
    prefix = app.new_name("find")
    for letter in "abc":
        body = body_of(app, client, name=f"{prefix}-{letter}", issuer=f"https://{letter}.example")
        assert (await api.post("/issuers", body)).status_code == 201

    by_name = await all_pages(api, "/issuers", limit=1, search=prefix.upper())
    by_issuer = await all_pages(api, "/issuers", search="https://b.exam")

    assert [each["name"] for each in by_name] == [f"{prefix}-{letter}" for letter in "abc"]
    assert [each["name"] for each in by_issuer] == [f"{prefix}-b"]


@pytest.mark.parametrize(
    ("members", "status", "pointer"),
    [
        ({"name": "No Name"}, 422, "/name"),
        ({"issuer": "http://insecure.example"}, 409, "/issuer"),
        ({"issuer": "https://x.example/" + "a" * 300}, 422, "/issuer"),
        ({"jwks_uri": "https://build.example/jwks"}, 409, ""),
        ({"jwks": None}, 409, ""),
        ({"jwks": {"keys": []}}, 409, ""),
        ({"jwks": {"keys": [signing_key().private]}}, 409, ""),
        ({"algorithms": ["HS256"]}, 422, "/algorithms/0"),
        ({"algorithms": []}, 422, "/algorithms"),
        ({"audience": "https://elsewhere.example"}, 409, "/audience"),
        ({"subjects": ["*"]}, 409, "/subjects/0"),
        ({"subjects": ["a-*"]}, 409, "/subjects/0"),
        ({"subjects": []}, 422, "/subjects"),
        ({"client_id": None}, 409, ""),
        ({"client_id": "unknown"}, 409, "/client_id"),
        ({"user_id": "0" * 32}, 409, ""),
        ({"user_id": "ada"}, 422, "/user_id"),
        ({"presenters": ["unknown"]}, 409, ""),
        ({"scopes": ["a b"]}, 422, "/scopes/0"),
        ({"resources": ["nothing"]}, 409, "/resources"),
        ({"claims": {"environment": 1}}, 422, "/claims/environment"),
        ({"maximum_age": 59}, 422, "/maximum_age"),
        ({"maximum_age": 86_401}, 422, "/maximum_age"),
        ({"owner": "infra"}, 422, "/owner"),
        ({"version": 7}, 422, "/version"),
    ],
)
async def test_what_is_wrong_is_pointed_at(
    app: Application,
    api: AdminApi,
    client: TestClient,
    members: dict[str, Any],
    status: int,
    pointer: str,
) -> None:
    response = await api.post("/issuers", body_of(app, client, **members))

    assert response.status_code == status, response.text
    assert [each for each, _ in pointers(response)] == [pointer]


@pytest.mark.parametrize("member", ["scopes", "resources", "algorithms", "subjects", "audience"])
async def test_what_a_token_gets_at_most_must_be_said(
    app: Application, api: AdminApi, client: TestClient, member: str
) -> None:
    body = body_of(app, client)
    del body[member]

    response = await api.post("/issuers", body)

    assert [pointer for pointer, _ in pointers(response)] == [f"/{member}"]


@pytest.mark.parametrize(
    "members",
    [
        *({"name": "other"}, {"owner": "x"}, {"version": 9}, {"issuer": None}),
        *({"scopes": None}, {"resources": None}, {"subjects": None}),
    ],
)
async def test_what_stays_cannot_be_patched(
    app: Application, api: AdminApi, client: TestClient, members: dict[str, Any]
) -> None:
    workload = await new_workload(app, client_id=client.client_id)

    response = await api.patch(f"/issuers/{workload.row.name}", members)

    assert response.status_code == 422
    assert await services_of(app).oauth.trusted_issuers.get(workload.row.name) == workload.row


async def test_a_name_is_taken_once(app: Application, api: AdminApi, client: TestClient) -> None:
    workload = await new_workload(app, client_id=client.client_id)

    response = await api.post("/issuers", body_of(app, client, name=workload.row.name))

    assert pointers(response) == [("/name", "issuer_name_taken")]


async def test_what_was_deleted_meanwhile_does_not_keep_a_row_from_being_changed(
    app: Application, api: AdminApi
) -> None:
    client, resource = await app.create_client(), await new_resource(app)
    workload = await new_workload(app, client_id=client.client_id, resources=[resource.name])
    await api.delete(f"/resources/{resource.name}", etag="*")
    await api.delete(f"/clients/{client.client_id}", etag="*")

    changed = await api.patch(f"/issuers/{workload.row.name}", {"maximum_age": 60})

    assert changed.status_code == 200, changed.text
    assert changed.json()["resources"] == [resource.name]


async def test_issuers_write_alone_reaches_neither_admin_scopes_nor_users(
    app: Application, api: AdminApi, client: TestClient, user: TestUser
) -> None:
    """The row of the admin surface: nobody gives more than they hold, before or after a change"""
    powerful = await app.create_client()
    await list_admin_scopes(app, powerful, "users:read")
    limited = await api_with(app, "issuers:write", "issuers:read")
    plain = await new_workload(app, client_id=client.client_id)
    of_powerful = await new_workload(app, client_id=powerful.client_id)
    with_scope = await new_workload(app, client_id=client.client_id, scopes=["users:read"])
    user_id = await id_of(app, user)
    of_user = await new_workload(app, user_id=user_id, presenters=[client.client_id])

    for members in (
        {"client_id": powerful.client_id},
        {"scopes": ["users:read"]},
        {"client_id": None, "user_id": user_id, "presenters": [client.client_id]},
    ):
        new = await limited.post("/issuers", body_of(app, client, **members))
        changed = await limited.patch(f"/issuers/{plain.row.name}", members)
        assert (new.status_code, changed.status_code) == (403, 403), members
    for workload in (of_powerful, with_scope, of_user):
        path = f"/issuers/{workload.row.name}"
        taken = {"subjects": [SUBJECT], "jwks": KEYS}
        assert (await limited.patch(path, taken)).status_code == 403
        assert (await limited.patch(path, {"maximum_age": 60})).status_code == 403
        assert (await limited.delete(path, etag="*")).status_code == 403
        row = await services_of(app).oauth.trusted_issuers.get(workload.row.name)
        assert row == workload.row
    allowed = await limited.patch(f"/issuers/{plain.row.name}", {"maximum_age": 60})
    assert allowed.status_code == 200, allowed.text


async def test_a_change_is_in_the_audit_log_with_what_was_before(
    app: Application, api: AdminApi, client: TestClient
) -> None:
    body = body_of(app, client)
    path = f"/issuers/{body['name']}"
    await api.post("/issuers", body)
    await api.patch(path, {"maximum_age": 60})
    await api.patch(path, {"maximum_age": 60})
    await api.delete(path, etag="*")

    for action in ("created", "changed", "deleted"):
        events = [
            each for each in await events_of(app, f"issuer.{action}") if body["name"] in str(each)
        ]
        assert len(events) == 1, action
        if action == "changed":
            details = json.loads(events[0].details)
            assert (details["before"]["maximum_age"], details["after"]["maximum_age"]) == (3600, 60)
            assert events[0].client_id == client.client_id
