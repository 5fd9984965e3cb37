"""Webhooks, signing keys, initial access tokens and refusals in the admin API."""

import json

import pytest

from tests.conftest import AppFactory
from tests.support.admin_api import ADMIN_TOKEN, AdminApi, all_pages, pointers
from tests.support.administration import id_of, list_admin_scopes
from tests.support.application import Application
from tests.support.parts import services_of
from tests.support.people import person_with
from tests.support.visitor import Visitor
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
    assert (await api.get("/sessions")).status_code == 422


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
