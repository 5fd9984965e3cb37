"""Attacks on the admin surface that take several steps, by the API and in the console."""

import json
from contextlib import suppress

import pytest
from sqlalchemy import update

from app.errors import LastAdministratorError, PosternError
from app.models.operations.mails import mails
from tests.conftest import AppFactory
from tests.security.test_console_hostile_text import HOSTILE, foreign_elements
from tests.support.account import signed_in
from tests.support.admin_api import ADMIN_TOKEN, AdminApi
from tests.support.administration import (
    id_of,
    list_admin_scopes,
    make,
    new_group,
    restrict_to,
    set_policies,
)
from tests.support.application import Application, TestUser
from tests.support.console import administrator_in
from tests.support.imports import import_user
from tests.support.parts import services_of
from tests.support.people import person_with
from tests.support.visitor import visiting
from tests.support.waiting import eventually

pytestmark = pytest.mark.both_databases

APP_SETTINGS = {"admin_token": ADMIN_TOKEN, "admin_api_limit": 1_000_000}
NO_MAIL_SERVER = {"smtp_host": "127.0.0.1", "smtp_port": 1, "mail_from": "server@example.com"}


async def is_administrator(app: Application, user: TestUser) -> bool:
    entitlements = await services_of(app).core.entitlements.of(await id_of(app, user))
    return entitlements.is_administrator


async def test_the_last_administrator_keeps_the_role_that_a_group_gives(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 57"""
    app = await start_app(**APP_SETTINGS)
    api, user = AdminApi(app), await app.enrolled_user()
    group = await new_group(app, user)
    path = f"/groups/{group.group_id}"
    assert (await api.put(f"/roles/administrator/groups/{group.group_id}")).status_code == 204

    attempts = [
        await api.delete(path, etag="*"),
        await api.delete(f"{path}/members/{await id_of(app, user)}"),
        await api.delete(f"/roles/administrator/groups/{group.group_id}"),
        await api.delete(f"/users/{await id_of(app, user)}", etag="*"),
    ]

    assert [(each.status_code, each.json()["error"]) for each in attempts] == [
        (409, "last_administrator")
    ] * len(attempts)
    assert await is_administrator(app, user)


async def test_the_last_administrator_cannot_remove_themselves(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 57"""
    app = await start_app(**APP_SETTINGS)
    user = await app.enrolled_user()
    await make(app, user, "administrator")
    services = services_of(app)
    stored = await services.accounts.users.get(user.username)

    with pytest.raises(LastAdministratorError):
        await services.accounts.account_data.delete(stored, is_full=True)

    assert await is_administrator(app, user)


async def test_policies_do_not_keep_the_last_administrator_out(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 57: neither those of clients nor those of their groups"""
    app = await start_app(**APP_SETTINGS)
    user = await app.enrolled_user()
    await make(app, user, "administrator")
    client = await app.create_client()
    await new_group(app, user, second_factor="passkey_first")
    await restrict_to(app, client)
    await set_policies(app, client, access={"kind": "nobody"}, login_methods=["passkey"])

    async with visiting(app) as visitor:
        await signed_in(visitor, user)
        page = await visitor.get("/admin")

    assert page.status_code == 200
    assert await is_administrator(app, user)


async def test_an_import_changes_no_account_that_exists(start_app: AppFactory) -> None:
    """SECURITY_BAR row 57: its file disables nobody and replaces no password"""
    app = await start_app(**APP_SETTINGS)
    user = await app.enrolled_user()
    await make(app, user, "administrator")
    before = await services_of(app).accounts.users.get(user.username)

    for username in (user.username, user.username.upper()):
        with suppress(PosternError):
            await import_user(app, password="x", username=username, email="m@example.com")

    assert await services_of(app).accounts.users.get(user.username) == before
    assert await is_administrator(app, user)


async def test_the_mail_queue_has_neither_a_link_nor_markup_for_an_auditor(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR rows 55 and 58: a mail server's answer is text"""
    app = await start_app(**APP_SETTINGS, **NO_MAIL_SERVER)
    services, user = services_of(app), await app.enrolled_user()
    await person_with(app, email="zoe@example.com")
    reader = await auditor_api(app)

    async def has_failed() -> bool:
        return (await reader.get("/mails")).json()["items"][0]["last_error"] is not None

    await eventually(has_failed)
    async with services.core.database.transaction() as connection:
        await connection.execute(update(mails).values(last_error=HOSTILE))
    response = await reader.get("/mails")
    async with visiting(app) as visitor:
        await administrator_in(visitor, "auditor")
        page = await visitor.get("/admin/mail")

    assert HOSTILE in [each["last_error"] for each in response.json()["items"]]
    assert response.headers["content-type"] == "application/json"
    assert "&lt;script&gt;alert(1)" in page.text
    assert foreign_elements(page.text) == []
    for text in (response.text, page.text):
        assert "/verify-email" not in text
        assert "token=" not in text
    assert user.username not in response.text


async def test_no_search_of_an_auditor_finds_by_a_secret(
    start_app: AppFactory,
) -> None:
    """SECURITY_BAR row 55: neither a prefix of a secret nor the order of a list tells about it"""
    app = await start_app(**APP_SETTINGS)
    user, client = await app.enrolled_user(), await app.create_client()
    stored = await services_of(app).accounts.users.get(user.username)
    reader = await auditor_api(app)
    secrets = [user.otp_secret, stored.password_hash, client.client_secret, ADMIN_TOKEN]

    for path in ("/users", "/clients", "/groups"):
        for secret in secrets:
            for length in (8, 16, len(secret)):
                found = await reader.get(path, search=secret[:length][:128])
                assert found.json()["items"] == [], (path, secret)
        for parameter in ("sort", "order", "order_by", "fields"):
            plain = await reader.get(path)
            sorted_by = await reader.get(path, **{parameter: "password_hash"})
            assert sorted_by.status_code in (200, 422)
            if sorted_by.status_code == 200:
                assert sorted_by.json()["items"] == plain.json()["items"]


async def auditor_api(app: Application) -> AdminApi:
    """Return the admin API as a client with every scope that reads uses it."""
    scopes = ["users:read", "groups:read", "clients:read", "mail:read", "audit:read"]
    client = await app.create_client()
    await list_admin_scopes(app, client, *scopes)
    response = await app.client_credentials(client, scope=" ".join(scopes))
    return AdminApi(app, json.loads(response.text)["access_token"])
