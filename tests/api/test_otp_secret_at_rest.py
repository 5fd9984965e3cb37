"""The TOTP secret is stored encrypted, under a key that can be rotated (SECURITY_BAR row 20)."""

import asyncio
import base64
import sqlite3
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.settings import sqlite_path
from tests.conftest import AppFactory
from tests.support.application import Application, TestUser, otp_secret_in
from tests.support.databases import Databases

pytestmark = pytest.mark.both_databases

OLD_KEY = "the-Old-key-Qm4x8sV1cN7pLz0eR5tYw2uB"
NEW_KEY = "the-New-key-Jd9kS3fH6gA1qW8xZ4vC0nMb"


async def stored_row(app: Application, user: TestUser) -> dict[str, Any]:
    """The person's row as anybody sees it who has the database and not the key."""
    url = app.settings.database_url
    path = sqlite_path(url)
    if path is not None:
        connection = sqlite3.connect(path)
        try:
            connection.row_factory = sqlite3.Row
            row = connection.execute(
                "SELECT * FROM users WHERE username = ?", (user.username,)
            ).fetchone()
            return dict(row)
        finally:
            connection.close()
    postgresql = await asyncpg.connect(url)
    try:
        record = await postgresql.fetchrow("SELECT * FROM users WHERE username = $1", user.username)
        return dict(record)
    finally:
        await postgresql.close()


def as_bytes(row: dict[str, Any]) -> bytes:
    return b"|".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        for value in row.values()
    )


async def test_the_secret_and_the_password_are_not_stored_in_plaintext(app: Application) -> None:
    """SECURITY_BAR row 20"""
    user = await app.register()

    row = as_bytes(await stored_row(app, user))

    assert user.username.encode() in row  # it is the right row
    assert user.otp_secret.encode() not in row
    assert base64.b32decode(user.otp_secret) not in row
    assert base64.b64encode(user.otp_secret.encode()) not in row
    assert user.password.encode() not in row
    assert b"$argon2id$" in row


async def test_every_stored_secret_is_encrypted_with_its_own_nonce(app: Application) -> None:
    first, second = await app.register(), await app.register()

    rows = [(await stored_row(app, user))["otp_secret"] for user in (first, second)]

    assert len(rows[0]) == len(rows[1])
    assert bytes(rows[0])[:5] == bytes(rows[1])[:5]  # the version and the name of the key
    assert bytes(rows[0])[5:17] != bytes(rows[1])[5:17]  # the nonce


async def test_no_response_shows_the_secret_a_second_time(app: Application) -> None:
    """SECURITY_BAR row 20: shown once, never readable again"""
    user, client = await app.enrolled_user(), await app.create_client()
    credentials = {"username": user.username, "password": user.password}
    token = (await app.password_grant(client, user)).json()["access_token"]

    answers = [
        await app.http.post("/register_user", json=credentials),
        await app.http.post("/enroll_otp", json=credentials),
        await app.http.get(f"/qr_code/{user.username}"),
        await app.verify_otp(user.username, "000000"),
        await app.profile(token),
    ]

    assert all(user.otp_secret not in answer.text for answer in answers)


async def test_the_previous_key_still_decrypts_secrets_after_a_rotation(
    databases: Databases, database_kind: str, start_app: AppFactory
) -> None:
    """SECURITY_BAR row 20: rotatable"""
    url = await databases.migrated(database_kind)
    before = await start_app(database_url=url, secret_key=OLD_KEY)
    user = await before.register()

    after = await start_app(database_url=url, secret_key=NEW_KEY, secret_key_previous=(OLD_KEY,))

    assert (await after.verify_otp(user.username, after.code(user))).json() == {"valid": True}


async def test_secrets_encrypted_after_a_rotation_need_only_the_new_key(
    databases: Databases, database_kind: str, start_app: AppFactory
) -> None:
    """SECURITY_BAR row 20"""
    url = await databases.migrated(database_kind)
    rotated = await start_app(database_url=url, secret_key=NEW_KEY, secret_key_previous=(OLD_KEY,))
    user = await rotated.register()

    without_old = await start_app(database_url=url, secret_key=NEW_KEY)
    with_old_only = await start_app(database_url=url, secret_key=OLD_KEY, secret_key_is_new=True)

    refused = await with_old_only.verify_otp(user.username, with_old_only.code(user))
    accepted = await without_old.verify_otp(user.username, without_old.code(user))
    assert refused.status_code == 401
    assert accepted.status_code == 200


async def test_under_a_new_key_a_code_is_refused_and_the_reason_is_logged(
    databases: Databases,
    database_kind: str,
    start_app: AppFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """SECURITY_BAR row 20"""
    url = await databases.migrated(database_kind)
    before = await start_app(database_url=url, secret_key=OLD_KEY)
    user = await before.register()
    after = await start_app(database_url=url, secret_key=NEW_KEY, secret_key_is_new=True)
    capsys.readouterr()

    answer = await after.verify_otp(user.username, after.code(user))

    assert (answer.status_code, answer.json()) == (401, {"valid": False})
    log = capsys.readouterr().err
    assert "cannot be opened" in log
    assert user.otp_secret not in log
    assert OLD_KEY not in log
    assert NEW_KEY not in log


async def test_under_a_new_key_the_user_can_enrol_again(
    databases: Databases, database_kind: str, start_app: AppFactory
) -> None:
    url = await databases.migrated(database_kind)
    before = await start_app(database_url=url, secret_key=OLD_KEY)
    user = await before.register()
    after = await start_app(database_url=url, secret_key=NEW_KEY, secret_key_is_new=True)

    enrolled = await after.http.post(
        "/enroll_otp", json={"username": user.username, "password": user.password}
    )
    renewed = TestUser(user.username, user.password, otp_secret_in(enrolled.json()["otp_uri"]))

    assert (await after.verify_otp(user.username, after.code(renewed))).status_code == 200


def copy_secret(path: Path, source: str, target: str) -> None:
    """Waits for the lock, so not in the event loop, which may hold it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(
        "UPDATE users SET otp_secret = (SELECT otp_secret FROM users WHERE username = ?)"
        " WHERE username = ?",
        (source, target),
    )
    connection.close()


async def test_a_secret_copied_to_another_user_cannot_be_used(
    databases: Databases, start_app: AppFactory
) -> None:
    """The seal is bound to its owner: who can write the table cannot move a known secret."""
    url = await databases.migrated("sqlite")
    app = await start_app(database_url=url)
    victim, attacker = await app.register(), await app.register()
    path = sqlite_path(url)
    assert path is not None
    await asyncio.to_thread(copy_secret, path, attacker.username, victim.username)

    answer = await app.verify_otp(victim.username, app.code(attacker))

    assert answer.status_code == 401
