"""Consents to a client and its tokens in the admin API: listed without the tokens, and revoked."""

import json

import pytest

from tests.protocol.exchanges import new_fleet
from tests.support.admin_api import ADMIN_TOKEN, AdminApi, all_pages
from tests.support.administration import events_of, id_of, list_admin_scopes, make
from tests.support.application import Application, TestClient, TestUser
from tests.support.visitor import Visitor

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
UNKNOWN = "0" * 32


async def with_scopes(app: Application, *scopes: str) -> AdminApi:
    """Return the admin API as a client with these scopes uses it."""
    client = await app.create_client()
    await list_admin_scopes(app, client, *scopes)
    response = await app.client_credentials(client, scope=" ".join(scopes))
    return AdminApi(app, response.json()["access_token"])


async def tokens_of(api: AdminApi, client: TestClient, **query: int) -> list[dict[str, object]]:
    return await all_pages(api, f"/clients/{client.client_id}/tokens", **query)


async def test_consents_are_listed_and_revoked_with_their_tokens(
    app: Application, api: AdminApi, visitor: Visitor, client: TestClient
) -> None:
    user = await app.enrolled_user()
    tokens = await visitor.tokens_for(client, user, scope="openid email")
    user_id = await id_of(app, user)
    path = f"/clients/{client.client_id}/consents"
    (consent,) = await all_pages(api, path)
    revoked = await api.delete(f"{path}/{user_id}")
    again = await api.delete(f"{path}/{user_id}")
    event = (await events_of(app, "consent.revoked"))[-1]

    assert consent.pop("granted_at")
    assert consent == {"user_id": user_id, "username": user.username, "scope": "email openid"}
    assert (revoked.status_code, again.status_code) == (204, 404)
    assert again.json()["error"] == "consent_not_found"
    assert await all_pages(api, path) == []
    assert not await app.is_active(client, tokens["access_token"])
    assert (event.actor, event.user_id, event.client_id) == (
        "admin-token",
        user_id,
        client.client_id,
    )


async def test_consents_of_many_users_are_paged(
    app: Application, api: AdminApi, client: TestClient, visitor: Visitor
) -> None:
    users = [await app.enrolled_user() for _ in range(3)]
    for user in users:
        visitor.http.cookies.clear()
        await visitor.tokens_for(client, user, scope="openid")

    consents = await all_pages(api, f"/clients/{client.client_id}/consents", limit=1)

    assert {each["username"] for each in consents} == {user.username for user in users}
    assert len(consents) == 3


async def test_tokens_are_listed_without_the_tokens_and_only_those_of_the_client(
    app: Application, api: AdminApi, client: TestClient, user: TestUser
) -> None:
    pair = (await app.password_grant(client, user)).json()
    own = [(await app.client_credentials(client)).json()["access_token"] for _ in range(3)]
    await app.client_credentials(await app.create_client())

    listed = await tokens_of(api, client, limit=1)

    assert [each["kind"] for each in listed] == ["sign_in", "client", "client", "client"]
    assert listed[0]["username"] == user.username
    assert {each["username"] for each in listed[1:]} == {None}
    assert len({each["token_id"] for each in listed}) == 4
    text = json.dumps(listed)
    secrets = (*own, pair["access_token"], pair["refresh_token"])
    assert not [token for token in secrets if token in text]
    assert listed == await tokens_of(api, client)


async def test_one_token_is_revoked_and_the_others_stay_valid(
    app: Application, api: AdminApi, client: TestClient, user: TestUser
) -> None:
    pair = (await app.password_grant(client, user)).json()
    first = (await app.client_credentials(client)).json()["access_token"]
    app.clock.advance(seconds=1)
    second = (await app.client_credentials(client)).json()["access_token"]
    family, newest, _ = await tokens_of(api, client)
    path = f"/clients/{client.client_id}/tokens"

    of_access = await api.delete(f"{path}/{newest['token_id']}")
    active = [await app.is_active(client, token) for token in (first, second)]
    of_family = await api.delete(f"{path}/{family['token_id']}")
    again = [await api.delete(f"{path}/{each['token_id']}") for each in (family, newest)]

    assert (of_access.status_code, of_family.status_code) == (204, 204)
    assert active == [True, False]
    assert not await app.is_active(client, pair["access_token"])
    assert (await app.refresh(client, pair["refresh_token"])).status_code == 400
    assert [each.status_code for each in again] == [404, 404]
    assert len(await tokens_of(api, client)) == 1
    assert (await events_of(app, "client.token_revoked"))[-1].client_id == client.client_id


async def test_a_token_is_revoked_only_at_its_own_client(
    app: Application, api: AdminApi, client: TestClient, user: TestUser
) -> None:
    other_client = await app.create_client()
    await app.password_grant(client, user)
    await app.client_credentials(client)

    for each in await tokens_of(api, client):
        path = f"/clients/{other_client.client_id}/tokens/{each['token_id']}"
        assert (await api.delete(path)).status_code == 404

    assert len(await tokens_of(api, client)) == 2


async def test_all_tokens_of_a_client_are_revoked(
    app: Application, api: AdminApi, client: TestClient, user: TestUser
) -> None:
    pair = (await app.password_grant(client, user)).json()
    own = (await app.client_credentials(client)).json()["access_token"]
    other_client = await app.create_client()
    others = (await app.client_credentials(other_client)).json()["access_token"]

    responses = [await api.delete(f"/clients/{client.client_id}/tokens") for _ in range(2)]

    assert [each.status_code for each in responses] == [204, 204]
    assert await tokens_of(api, client) == []
    assert not await app.is_active(client, own)
    assert not await app.is_active(client, pair["access_token"])
    assert await app.is_active(other_client, others)
    events = [
        json.loads(each.details)
        for each in await events_of(app, "client.tokens_revoked")
        if each.client_id == client.client_id
    ]
    assert events == [{"count": 2}]


async def test_expired_tokens_are_not_listed(
    app: Application, api: AdminApi, client: TestClient
) -> None:
    await app.client_credentials(client)

    app.clock.advance(seconds=86_400)

    assert await tokens_of(api, client) == []


async def test_tokens_and_consents_of_an_administrator_need_a_full_one(
    app: Application, visitor: Visitor, client: TestClient
) -> None:
    """SECURITY_BAR row 54"""
    administrator = await app.enrolled_user()
    await visitor.tokens_for(client, administrator, scope="openid")
    await make(app, administrator, "administrator")
    by = await with_scopes(app, "tokens:read", "tokens:write", "clients:write")
    (family,) = await tokens_of(by, client)
    path = f"/clients/{client.client_id}"

    refused = [
        await by.delete(f"{path}/tokens/{family['token_id']}"),
        await by.delete(f"{path}/tokens"),
        await by.delete(f"{path}/consents/{await id_of(app, administrator)}"),
    ]

    assert {each.status_code for each in refused} == {403}
    assert {each.json()["error"] for each in refused} == {"administrator_required"}
    assert len(await tokens_of(by, client)) == 1


async def test_tokens_of_a_client_with_admin_scopes_need_a_full_administrator(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 54"""
    await list_admin_scopes(app, client, "users:read")
    by = await with_scopes(app, "tokens:write")

    response = await by.delete(f"/clients/{client.client_id}/tokens")

    assert (response.status_code, response.json()["error"]) == (403, "administrator_required")


async def test_an_unknown_client_has_neither(api: AdminApi) -> None:
    for method, path in (
        ("GET", "consents"),
        ("GET", "tokens"),
        ("DELETE", f"consents/{UNKNOWN}"),
        ("DELETE", "tokens"),
        ("DELETE", f"tokens/{UNKNOWN}"),
    ):
        assert (await api.request(method, f"/clients/unknown/{path}")).status_code == 404
    assert (await api.request("DELETE", "/clients/unknown/tokens/not-an-id")).status_code == 422


async def test_exchanged_tokens_are_listed_with_their_actors(
    app: Application, api: AdminApi, user: TestUser
) -> None:
    """RFC 8693: about a user, and about a client; each is revoked by itself"""
    fleet = await new_fleet(app, user)
    job = await app.create_client(scope="profile")
    response = await app.client_credentials(job, resource=fleet.front.identifier, scope="read")
    about_user = await fleet.front.call(fleet.middle, await fleet.subject())
    about_client = await fleet.front.call(fleet.middle, response.json()["access_token"])

    listed = [
        each for each in await tokens_of(api, fleet.front.client) if each["kind"] == "exchange"
    ]
    by_subject = {each["subject_client_id"]: each for each in listed}
    of_user, of_client = by_subject[fleet.client.client_id], by_subject[job.client_id]
    revoked = await api.delete(f"/clients/{fleet.front.client_id}/tokens/{of_client['token_id']}")

    assert (of_user["username"], of_user["about_client_id"]) == (user.username, None)
    assert (of_client["username"], of_client["about_client_id"]) == (None, job.client_id)
    assert of_user["actors"] == of_client["actors"] == [f"client:{fleet.front.client_id}"]
    assert revoked.status_code == 204
    assert await app.is_active(fleet.middle.client, about_user)
    assert not await app.is_active(fleet.middle.client, about_client)
