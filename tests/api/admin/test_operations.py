"""Webhooks, signing keys, initial access tokens and refusals in the admin API."""

import json
from datetime import timedelta

import pytest

from tests.conftest import AppFactory
from tests.support.admin_api import ADMIN_TOKEN, AdminApi, all_pages, pointers
from tests.support.administration import id_of, list_admin_scopes
from tests.support.application import SECRET_KEY, Application, TestUser
from tests.support.parts import services_of
from tests.support.people import person_with
from tests.support.visitor import Visitor, visiting
from tests.support.waiting import eventually

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
NO_MAIL_SERVER = {"smtp_host": "127.0.0.1", "smtp_port": 1, "mail_from": "server@example.com"}
URL = "https://hooks.example.com/events?key=s3cret-in-the-query"


async def with_scope(app: Application, scope: str) -> AdminApi:
    """Return the admin API as a client with one scope uses it."""
    client = await app.create_client()
    await list_admin_scopes(app, client, scope)
    response = await app.client_credentials(client, scope=scope)
    return AdminApi(app, response.json()["access_token"])


async def test_a_webhook_is_created_read_changed_and_deleted(
    app: Application, api: AdminApi
) -> None:
    created = await api.post("/webhooks", {"url": URL, "event_types": ["user.created"]})
    path, webhook = created.headers["location"], created.json()
    secret = webhook.pop("secret")
    read = await api.get(path)
    changed = await api.patch(path, {"is_enabled": False}, etag=created.headers["etag"])
    stale = await api.patch(path, {"is_enabled": True}, etag=created.headers["etag"])
    rotated = await api.post(f"{path}/secrets", {"overlap": 60})
    listed = await all_pages(api, "/webhooks", limit=1)
    deliveries = await all_pages(api, f"{path}/deliveries")
    deleted = await api.delete(path, etag="*")

    assert secret.startswith("whsec_")
    assert read.json() == webhook
    assert changed.json() == {**webhook, "is_enabled": False}
    assert rotated.json()["secret"] not in (secret, None)
    assert path.rpartition("/")[2] in [each["webhook_id"] for each in listed]
    assert deliveries == []
    assert (stale.status_code, deleted.status_code) == (412, 204)
    assert (await api.get(path)).status_code == 404


async def test_a_reader_sees_neither_the_secret_nor_the_query_of_a_webhook(
    app: Application, api: AdminApi
) -> None:
    created = await api.post("/webhooks", {"url": URL, "event_types": ["user.created"]})
    reader = await with_scope(app, "webhooks:read")
    path = created.headers["location"]

    texts = [(await reader.get(url)).text for url in (path, "/webhooks", f"{path}/deliveries")]

    assert "https://hooks.example.com/events" in texts[0]
    assert not [text for text in texts if "s3cret" in text or created.json()["secret"] in text]


async def test_a_webhook_to_an_internal_address_is_refused(api: AdminApi) -> None:
    body = {"url": "http://169.254.169.254/latest", "event_types": ["user.created"]}

    assert pointers(await api.post("/webhooks", body))[0][0] == "/url"


async def test_keys_are_listed_and_rotated(app: Application, api: AdminApi) -> None:
    rotated = await api.post("/keys/rotate", {"algorithm": "RS256"})
    listed = await api.get("/keys")

    new = rotated.json()["items"]
    assert [(key["algorithm"], key["state"]) for key in new] == [("RS256", "waiting")]
    assert new[0] in listed.json()["items"]
    assert not [text for text in (rotated.text, listed.text) if "private" in text or '"d"' in text]


async def test_initial_access_tokens_are_created_listed_and_revoked(
    app: Application, api: AdminApi
) -> None:
    created = (await api.post("/initial-access-tokens", {"label": "Partner"})).json()
    token = created.pop("initial_access_token")
    is_valid = services_of(app).clients.initial_access_tokens.is_valid
    listed = await all_pages(api, "/initial-access-tokens", limit=1)
    was_valid = await is_valid(token)
    revoked = await api.delete(f"/initial-access-tokens/{created['token_id']}")
    again = await api.delete(f"/initial-access-tokens/{created['token_id']}")

    assert created in listed
    assert token not in json.dumps(listed)
    assert was_valid
    assert not await is_valid(token)
    assert (revoked.status_code, again.status_code) == (204, 404)


async def test_a_refusal_is_found_by_its_request_id(app: Application, api: AdminApi) -> None:
    client = await app.create_client()
    refused = await app.http.post(
        "/token",
        auth=(client.client_id, "wrong"),
        data={"grant_type": "client_credentials"},
    )
    await services_of(app).operations.activity.writer.run_once()

    request_id = refused.headers["x-request-id"]
    shown = (await api.get(f"/refusals/{request_id}")).json()
    listed = await all_pages(api, "/refusals", client_id=client.client_id, limit=1)

    assert shown["error"] == "invalid_client"
    assert shown["explanation"]
    assert shown["advice"]
    assert shown in listed
    assert (await api.get("/refusals/unknown")).status_code == 404


async def test_sessions_of_a_user_are_listed_and_ended(
    app: Application, api: AdminApi, visitor: Visitor
) -> None:
    user = await app.enrolled_user()
    await visitor.sign_in(await visitor.get("/login"), user)
    sessions = (await api.get("/sessions", user_id=await id_of(app, user))).json()["items"]
    ended = await api.delete(f"/sessions/{sessions[0]['session_id']}")
    again = await api.delete(f"/sessions/{sessions[0]['session_id']}")

    assert len(sessions) == 1
    assert sessions[0]["methods"][0] == "pwd"
    assert (ended.status_code, again.status_code) == (204, 404)
    assert (await visitor.get("/account")).is_redirect


async def test_all_sessions_are_listed_by_page_the_newest_sign_in_first(
    app: Application, api: AdminApi
) -> None:
    start = app.clock.now()
    user_ids: list[str] = []
    for _ in range(3):
        app.clock.advance(seconds=61)
        user = await app.enrolled_user()
        async with visiting(app) as visitor:
            await visitor.sign_in(await visitor.get("/login"), user)
        user_ids.insert(0, await id_of(app, user))

    listed = await all_pages(api, "/sessions", since=start.isoformat(), limit=1)
    latest = await all_pages(api, "/sessions", since=listed[0]["auth_time"])
    of_one = await all_pages(api, "/sessions", user_id=user_ids[1], limit=1)

    assert [each["user_id"] for each in listed] == user_ids
    assert latest == listed[:1]
    assert of_one == listed[1:2]
    assert (await api.get("/sessions", since="yesterday")).status_code == 422
    assert (await api.get("/sessions", user_id="x")).status_code == 422


async def test_refusals_are_filtered_by_rule_user_network_and_time(
    app: Application, api: AdminApi
) -> None:
    client, user = await app.create_client(), await app.enrolled_user()
    start = app.clock.now()
    await app.http.post(
        "/token", auth=(client.client_id, "wrong"), data={"grant_type": "client_credentials"}
    )
    wrong = await app.password_grant(client, TestUser(user.username, "wrong", user.otp_secret))
    assert wrong.status_code == 400
    await services_of(app).operations.activity.writer.run_once()

    async def rules(**query: str) -> list[str]:
        found = await all_pages(api, "/refusals", client_id=client.client_id, **query)
        return [each["rule"] for each in found]

    network = (await api.get("/refusals", client_id=client.client_id)).json()["items"][0]["network"]
    after = (app.clock.now() + timedelta(seconds=1)).isoformat()

    assert await rules() == ["password_wrong", "secret_wrong"]
    assert await rules(rule="secret_wrong") == ["secret_wrong"]
    assert await rules(rule="pkce") == []
    assert len(await rules(network=network)) == 2
    assert await rules(network="198.51.100.0/24") == []
    assert await rules(user_id="0" * 32) == []
    assert len(await rules(since=start.isoformat(), until=after)) == 2
    assert await rules(until=start.isoformat()) == []
    assert await rules(since=after) == []


async def test_settings_in_force_are_listed_without_secrets(start_app: AppFactory) -> None:
    app = await start_app(
        **APP_SETTINGS,
        access_token_ttl=601,
        smtp_password="s3cret-of-mail",
        smtp_username="postern",
        smtp_host="127.0.0.1",
        mail_from="a@example.com",
    )
    reader = await with_scope(app, "settings:read")

    response = await reader.get("/settings")

    settings = {each["name"]: each for each in response.json()["items"]}
    assert response.json()["next_cursor"] is None
    assert settings["ACCESS_TOKEN_TTL"]["value"] == "601"
    assert settings["ACCESS_TOKEN_TTL"]["is_default"] is False
    assert "stays signed in" in settings["SESSION_TTL"]["description"]
    for name in ("SECRET_KEY", "ADMIN_TOKEN", "SMTP_PASSWORD"):
        assert (settings[name]["value"], settings[name]["is_set"]) == (None, True)
    assert not [
        each for each in (ADMIN_TOKEN, SECRET_KEY, "s3cret-of-mail") if each in response.text
    ]


async def test_the_mail_queue_shows_no_text_and_no_link(start_app: AppFactory) -> None:
    app = await start_app(**APP_SETTINGS, **NO_MAIL_SERVER)
    await person_with(app, email="zoe@example.com")

    async def has_failed() -> bool:
        return (await all_pages(AdminApi(app), "/mails"))[0]["last_error"] is not None

    await eventually(has_failed)
    (mail,) = await all_pages(AdminApi(app), "/mails", limit=1)

    assert (mail["kind"], mail["recipient"]) == ("verify_email", "zoe@example.com")
    assert mail["attempts"] >= 1
    assert mail["last_error"] == "ConnectionRefusedError"
    assert "://" not in json.dumps(mail)
    assert mail.keys() == {
        "mail_id", "kind", "recipient", "attempts", "last_error", "next_attempt_at", "created_at"
    }  # fmt: skip
