"""What the audit log says of the things that people, clients and operators do."""

import json
from typing import Any

import pytest

from app.models.operations.audit_events import AuditEvent
from app.services.operations.authority import FULL
from tests.support.administration import rotate_secret
from tests.support.application import Application, TestClient, TestUser
from tests.support.callers import calling_from
from tests.support.parts import services_of
from tests.support.visitor import Visitor

pytestmark = pytest.mark.both_databases

PROFILE = "/profile"


async def events_of(app: Application) -> list[AuditEvent]:
    return [each async for each in services_of(app).core.audit.read_all()]


async def id_of(app: Application, user: TestUser) -> str:
    found = await services_of(app).accounts.users.get(user.username)
    return found.user_id


async def actions_of(app: Application, user: TestUser) -> list[str]:
    """What happened to a person, the oldest first."""
    user_id = await id_of(app, user)
    return [each.action for each in await events_of(app) if each.user_id == user_id]


async def test_registration_enrolment_sign_ins_and_refusals_are_recorded(
    app: Application, client: TestClient
) -> None:
    user = await app.enrolled_user()
    await app.password_grant(client, user)
    await app.password_grant(client, user, password="a wrong password")
    await app.verify_otp(user.username, "000000")

    assert await actions_of(app, user) == [
        "user.registered",
        "otp.confirmed",
        "sign_in.succeeded",
        "sign_in.refused",
        "otp.refused",
    ]


async def test_an_event_records_actor_client_ip_request_id_and_outcome(
    app: Application, client: TestClient, user: TestUser
) -> None:
    async with calling_from(app, "198.51.100.77") as stranger:
        await stranger.password_grant(client, user, password="a wrong password")
        await stranger.password_grant(client, user)
    refused, succeeded = (await events_of(app))[-2:]

    user_id = await id_of(app, user)
    assert (refused.action, refused.outcome) == ("sign_in.refused", "refused")
    assert (refused.actor, refused.user_id) == ("anybody", user_id)
    assert refused.client_id == client.client_id
    assert refused.address == "198.51.100.77"
    assert refused.request_id
    assert json.loads(refused.details) == {"reason": "password"}
    assert (succeeded.outcome, succeeded.actor) == ("succeeded", f"user:{user_id}")
    assert succeeded.request_id != refused.request_id


async def test_a_sign_in_with_an_unknown_username_is_recorded_without_the_username(
    app: Application, client: TestClient
) -> None:
    """SECURITY_BAR row 19: what is written takes its time, whoever is asked for"""
    name = app.new_name("nobody")
    await app.token(client, grant_type="password", username=name, password="a password")

    event = (await events_of(app))[-1]

    assert (event.action, event.user_id) == ("sign_in.refused", None)
    assert name not in repr(event)


async def test_a_browser_sign_in_and_granting_and_revoking_a_consent_are_recorded(
    app: Application, client: TestClient, user: TestUser, visitor: Visitor
) -> None:
    await visitor.tokens_for(client, user)
    account = await visitor.get("/account")
    await visitor.submit(account, to="/account/applications/revoke")

    assert await actions_of(app, user) == [
        "user.registered",
        "otp.confirmed",
        "sign_in.succeeded",
        "consent.granted",
        "consent.revoked",
    ]


async def test_creating_and_managing_a_client_is_recorded(
    app: Application, client: TestClient
) -> None:
    services = services_of(app)
    await rotate_secret(services, client.client_id)
    await services.clients.administration.set_trust(client.client_id, "verified", authority=FULL)
    await services.clients.administration.set_disabled(
        client.client_id, disabled=True, authority=FULL
    )
    await services.clients.administration.set_disabled(
        client.client_id, disabled=False, authority=FULL
    )
    await services.clients.initial_access_tokens.create(
        "a label", lasts=services.accounts.sessions.ttl, authority=FULL
    )

    found = [each for each in await events_of(app) if each.client_id == client.client_id]
    assert [each.action for each in found] == [
        "client.created",
        "client.secret_rotated",
        "client.trusted",
        "client.disabled",
        "client.enabled",
    ]
    assert (await events_of(app))[-1].action == "client.invited"


async def test_a_client_managing_its_own_registration_is_the_actor(app: Application) -> None:
    """RFC 7592"""
    body: dict[str, Any] = {"redirect_uris": ["https://app.example.com/callback"]}
    made = (await app.http.post("/register", json=body)).json()
    path = f"/register/{made['client_id']}"
    headers = {"Authorization": f"Bearer {made['registration_access_token']}"}
    await app.http.put(
        path, json={**body, "client_id": made["client_id"], "client_name": "New"}, headers=headers
    )
    await app.http.delete(path, headers=headers)

    found = [each for each in await events_of(app) if each.client_id == made["client_id"]]

    assert [(each.action, each.actor) for each in found] == [
        ("client.registered", "anybody"),
        ("client.changed", f"client:{made['client_id']}"),
        ("client.deleted", f"client:{made['client_id']}"),
    ]


async def test_client_credentials_tokens_record_no_event(
    app: Application, client: TestClient
) -> None:
    before = len(await events_of(app))

    for _ in range(5):
        token = (await app.client_credentials(client)).json()["access_token"]
        await app.introspect(client, token)
        await app.profile(token)
        await app.revoke(client, token)

    assert len(await events_of(app)) == before


async def test_a_key_rotation_is_recorded(app: Application) -> None:
    made = await services_of(app).oauth.signing_keys.rotate(authority=FULL)

    rotated = [each for each in await events_of(app) if each.action == "keys.rotated"]

    assert [json.loads(each.details) for each in rotated[-len(made) :]] == [
        {"kids": [kid]} for kid in made
    ]
