"""Clients in the admin API."""

from datetime import timedelta

import httpx
import pytest

from app.schemas.admin_scopes import AdminScope
from tests.support.admin_api import ADMIN_TOKEN, PREFIX, AdminApi, all_pages, pointers
from tests.support.administration import events_of, new_group
from tests.support.application import Application

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
CALLBACK = "https://app.example.com/callback"
OTHER = "https://app.example.com/other"
SECRET = "s3cret-of-the-client-with-40-characters-"


async def create(app: Application, api: AdminApi, **members: object) -> dict[str, object]:
    body = {"client_name": app.new_name("Client"), "kind": "service", **members}
    response = await api.post("/clients", body)
    assert response.status_code == 201, response.text
    created: dict[str, object] = response.json()
    return created


async def test_a_client_is_created_read_changed_and_deleted(
    app: Application, api: AdminApi
) -> None:
    name = app.new_name("Reports")
    body = {"kind": "web", "client_name": name, "redirect_uris": [CALLBACK]}
    created = await api.post("/clients", body)
    path, client = created.headers["location"], created.json()
    read = await api.get(path)
    changed = await api.patch(
        path, {"redirect_uris": [CALLBACK, OTHER]}, etag=created.headers["etag"]
    )
    stale = await api.patch(path, {"scope": "openid"}, etag=created.headers["etag"])
    deleted = await api.delete(path, etag=changed.headers["etag"])

    assert path == f"{PREFIX}/clients/{client['client_id']}"
    assert client["grant_types"] == ["authorization_code", "refresh_token"]
    assert client["require_pkce"] is True
    assert len(client["client_secret"]) >= 32
    assert read.headers["etag"] == created.headers["etag"]
    assert read.json() == {
        **{name: value for name, value in client.items() if name != "client_secret"},
        "users": 0,
        "last_token_at": None,
    }
    assert changed.json() == {
        **client, "redirect_uris": [CALLBACK, OTHER], "client_secret": None
    }  # fmt: skip
    assert (stale.status_code, deleted.status_code) == (412, 204)
    assert (await api.get(path)).status_code == 404


async def test_id_and_secret_can_be_chosen_and_a_deleted_id_stays_taken(
    app: Application, api: AdminApi
) -> None:
    client_id = app.new_name("chosen")
    client = await create(app, api, client_id=client_id, client_secret=SECRET, scope="reports")
    token = await app.http.post(
        "/token", auth=(client_id, SECRET), data={"grant_type": "client_credentials"}
    )
    await api.delete(f"/clients/{client_id}", etag="*")
    again = await api.post(
        "/clients", {"client_name": "x", "kind": "service", "client_id": client_id}
    )

    assert (client["client_id"], client["client_secret"]) == (client_id, SECRET)
    assert token.status_code == 200
    assert again.status_code == 409
    assert pointers(again) == [("/client_id", "client_id_taken")]


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ({"trust": "first_party"}, ("/trust", "string_pattern_mismatch")),
        ({"owner": "mine"}, ("/owner", "string_pattern_mismatch")),
        ({"admin_scopes": ["admin"]}, ("/admin_scopes", "string_pattern_mismatch")),
        ({"policies": {}}, ("/policies", "string_pattern_mismatch")),
        ({"client_secret": "short"}, ("/client_secret", "string_pattern_mismatch")),
        ({"client_id": "with space"}, ("/client_id", "string_pattern_mismatch")),
        ({"redirect_uris": ["javascript:alert(1)"]}, ("/redirect_uris/0", "value_error")),
        ({"kind": "other"}, ("/kind", "literal_error")),
    ],
)
async def test_a_wrong_member_is_named(
    app: Application, api: AdminApi, members: dict[str, object], error: tuple[str, str]
) -> None:
    body = {"client_name": app.new_name("Client"), "kind": "service", **members}

    response = await api.post("/clients", body)

    assert response.status_code in (409, 422)
    assert error[0] in [pointer for pointer, _ in pointers(response)]


@pytest.mark.parametrize("member", ["trust", "owner", "admin_scopes", "policies", "client_id"])
async def test_a_patch_never_sets_what_only_administrators_decide(
    app: Application, api: AdminApi, member: str
) -> None:
    """SECURITY_BAR row 56"""
    client = await create(app, api)

    response = await api.patch(f"/clients/{client['client_id']}", {member: "admin"})

    assert response.status_code == 422


async def test_names_in_other_languages_are_metadata(app: Application, api: AdminApi) -> None:
    client = await create(app, api, **{"client_name#de": "Berichte"})
    path = f"/clients/{client['client_id']}"
    removed = await api.patch(path, {"client_name#de": None})

    assert client["client_name#de"] == "Berichte"
    assert "client_name#de" not in removed.json()


@pytest.mark.parametrize("scope", ["admin", "users:read", "openid clients:write"])
async def test_the_scope_of_the_metadata_never_has_an_admin_scope(
    app: Application, api: AdminApi, scope: str
) -> None:
    """SECURITY_BAR row 51"""
    client = await create(app, api)
    body = {"client_name": app.new_name("x"), "kind": "service", "scope": scope}

    created = await api.post("/clients", body)
    changed = await api.patch(f"/clients/{client['client_id']}", {"scope": scope})

    assert {created.status_code, changed.status_code} <= {409, 422}


async def test_search_finds_by_id_or_name(app: Application, api: AdminApi) -> None:
    prefix = app.new_name("find")
    clients = [
        await create(app, api, client_id=f"{prefix}-a"),
        await create(app, api, client_name=f"{prefix.upper()}-b"),
    ]
    await create(app, api)

    found = await all_pages(api, "/clients", search=prefix, limit=1)
    everything = await all_pages(api, "/clients", limit=2)

    ids = {client["client_id"] for client in clients}
    assert {each["client_id"] for each in found} == ids
    assert ids < {each["client_id"] for each in everything}
    assert await all_pages(api, "/clients", search="\x00") == []


async def test_search_finds_each_word_of_the_name_in_any_case(
    app: Application, api: AdminApi
) -> None:
    unique = app.new_name("unique")
    client = await create(app, api, client_name=f"Quarterly {unique.upper()} Überblick")
    path = f"/clients/{client['client_id']}"

    async def found(search: str) -> list[str]:
        return [each["client_id"] for each in await all_pages(api, "/clients", search=search)]

    matches = [await found(each) for each in (unique, f"quart {unique}", f"{unique} über")]
    none = [await found(each) for each in (f"{unique} other", unique[1:], "  ", "a\x00")]
    await api.patch(path, {"client_name": f"Renamed {unique}x"})

    assert matches == [[client["client_id"]]] * 3
    assert none == [[]] * 4
    assert await found(f"{unique}x") == [client["client_id"]]
    assert await found(f"quarterly {unique}") == []
    await api.delete(path, etag="*")
    assert await found(unique) == []


async def test_a_cursor_of_a_search_is_not_valid_for_the_list(
    app: Application, api: AdminApi
) -> None:
    prefix = app.new_name("paged")
    for number in range(3):
        await create(app, api, client_id=f"{prefix}-{number}")
    cursor = (await api.get("/clients", search=prefix, limit=1)).json()["next_cursor"]

    assert (await api.get("/clients", search=prefix, limit=1, cursor=cursor)).status_code == 200
    assert (await api.get("/clients", limit=1, cursor=cursor)).status_code == 409
    assert (await api.get("/clients", search="x", limit=1, cursor=cursor)).status_code == 409


async def test_a_client_is_disabled_enabled_and_trusted(app: Application, api: AdminApi) -> None:
    client = await create(app, api)
    path = f"/clients/{client['client_id']}"
    disabled = await api.post(f"{path}/disable")
    enabled = await api.post(f"{path}/enable")
    headers = {"If-Match": enabled.headers["etag"]}
    trusted = await api.request("PUT", f"{path}/trust", json={"trust": "verified"}, headers=headers)
    stale = await api.request("PUT", f"{path}/trust", json={"trust": "none"}, headers=headers)
    without = await api.request("PUT", f"{path}/trust", json={"trust": "none"})

    event = (await events_of(app, "client.trusted"))[-1]
    assert (disabled.json()["disabled"], enabled.json()["disabled"]) == (True, False)
    assert trusted.json()["trust"] == "verified"
    assert (stale.status_code, without.status_code) == (412, 428)
    assert (event.actor, '"before": "none"' in event.details) == ("admin-token", True)


async def test_only_a_full_administrator_lists_admin_scopes(
    app: Application, api: AdminApi
) -> None:
    client = await create(app, api, scope="")
    path = f"/clients/{client['client_id']}/admin-scopes"
    listed = await api.request(
        "PUT", path, json={"admin_scopes": ["clients:write"]}, headers={"If-Match": "*"}
    )
    auth = (str(client["client_id"]), str(client["client_secret"]))
    token = await app.http.post(
        "/token", auth=auth, data={"grant_type": "client_credentials", "scope": "clients:write"}
    )
    own = AdminApi(app, token.json()["access_token"])
    refused = await own.request(
        "PUT", path, json={"admin_scopes": ["admin"]}, headers={"If-Match": "*"}
    )

    assert listed.json()["admin_scopes"] == [AdminScope.CLIENTS_WRITE]
    assert refused.status_code == 403


async def test_a_secret_is_rotated_with_overlap(app: Application, api: AdminApi) -> None:
    client = await create(app, api)
    client_id, old = str(client["client_id"]), str(client["client_secret"])
    issued = await api.post(f"/clients/{client_id}/secrets", {"overlap": 600})
    third = await api.post(f"/clients/{client_id}/secrets", {"overlap": 600})
    new = issued.json()["client_secret"]

    async def status(secret: str) -> int:
        data = {"grant_type": "client_credentials"}
        return (await app.http.post("/token", auth=(client_id, secret), data=data)).status_code

    before = [await status(old), await status(new)]
    revoked = await api.delete(f"/clients/{client_id}/secrets/previous")
    again = await api.delete(f"/clients/{client_id}/secrets/previous")

    assert issued.status_code == 201
    assert issued.json()["previous_secret_expires_at"] is not None
    assert third.status_code == 409
    assert before == [200, 200]
    assert [await status(old), await status(new)] == [401, 200]
    assert (revoked.status_code, again.status_code) == (204, 204)


async def put_expiry(
    api: AdminApi, path: str, expires_at: object, *, etag: str = "*"
) -> httpx.Response:
    body = {"expires_at": expires_at}
    return await api.request("PUT", path, json=body, headers={"If-Match": etag})


async def test_the_expiry_of_a_secret_is_set_and_removed(app: Application, api: AdminApi) -> None:
    client = await create(app, api)
    client_id, secret = str(client["client_id"]), str(client["client_secret"])
    path = f"/clients/{client_id}/secrets/expiry"
    at = (app.clock.now() + timedelta(hours=1)).isoformat()

    async def status() -> int:
        data = {"grant_type": "client_credentials"}
        return (await app.http.post("/token", auth=(client_id, secret), data=data)).status_code

    without = await api.request("PUT", path, json={"expires_at": at})
    stale = await put_expiry(api, path, at, etag='"99"')
    changed = await put_expiry(api, path, at)
    before = await status()
    app.clock.advance(seconds=3600)
    after = await status()
    removed = await put_expiry(api, path, None, etag=changed.headers["etag"])

    assert (without.status_code, stale.status_code) == (428, 412)
    assert changed.json()["secret_expires_at"] is not None
    assert (before, after, await status()) == (200, 401, 200)
    assert removed.json()["secret_expires_at"] is None


@pytest.mark.parametrize("at", ["2999-01-01T00:00:00", "2999-01-01", 32472144000, "soon"])
async def test_a_time_without_an_offset_is_refused(
    app: Application, api: AdminApi, at: object
) -> None:
    """SECURITY_BAR row 44: no body is a 500"""
    client = await create(app, api)
    path = f"/clients/{client['client_id']}/secrets"

    new = await api.post(path, {"expires_at": at})
    changed = await put_expiry(api, f"{path}/expiry", at)

    for refused in (new, changed):
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["pointer"] == "/expires_at"


async def test_a_registration_token_is_issued_and_revoked(app: Application, api: AdminApi) -> None:
    client = await create(app, api)
    path = f"/clients/{client['client_id']}/registration-token"
    issued = (await api.post(path)).json()
    bearer = {"Authorization": f"Bearer {issued['registration_access_token']}"}
    read = await app.http.get(issued["registration_client_uri"], headers=bearer)
    revoked = await api.delete(path)
    again = await api.delete(path)
    after = await app.http.get(issued["registration_client_uri"], headers=bearer)

    assert read.json()["client_id"] == client["client_id"]
    assert (revoked.status_code, again.status_code, after.status_code) == (204, 204, 401)


async def test_policies_are_read_replaced_and_changed(app: Application, api: AdminApi) -> None:
    client, group = await create(app, api), await new_group(app)
    path = f"/clients/{client['client_id']}/policies"
    read = await api.get(path)
    replaced = await api.request(
        "PUT",
        path,
        json={"access": {"kind": "groups", "groups": [group.group_id]}, "access_token_ttl": 300},
        headers={"If-Match": read.headers["etag"]},
    )
    changed = await api.patch(
        path, {"access_token_ttl": None, "consent": "always"}, etag=replaced.headers["etag"]
    )
    stale = await api.patch(path, {"consent": None}, etag=read.headers["etag"])

    assert read.json()["access"] == {"kind": "everyone", "groups": []}
    assert replaced.json()["access_token_ttl"] == 300
    assert changed.json()["access"] == {"kind": "groups", "groups": [group.group_id]}
    assert (changed.json()["access_token_ttl"], changed.json()["consent"]) == (None, "always")
    assert stale.status_code == 412


async def test_policies_refer_to_what_exists(app: Application, api: AdminApi) -> None:
    client = await create(app, api)

    response = await api.patch(
        f"/clients/{client['client_id']}/policies",
        {"access": {"kind": "groups", "groups": ["0" * 32]}},
    )

    assert pointers(response)[0][0] == "/access/groups"
