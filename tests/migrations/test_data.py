"""What is in the database of an older release is there after an upgrade."""

import json
from datetime import UTC, datetime

import pytest

from app.database import migrations
from app.database.backends import Backend
from app.services.clients.client_fingerprints import fingerprint_of
from migrations import online
from tests.migrations.conftest import change, downgrade, rows_of
from tests.support.clients import client_with

PERSON = """
    INSERT INTO users
        (user_id, username, username_key, password_hash, credentials_version, created_at)
    VALUES ('{name}', '{name}', '{name}', 'hash', 'version', '2026-11-25 12:00:00.000000+00:00')
"""


async def test_users_of_the_core_schema_each_get_a_salt(backend: Backend) -> None:
    await migrations.migrate(backend, "2026_11_25_core")
    for name in ("ada", "grace"):
        await change(backend, PERSON.format(name=name))

    await migrations.migrate(backend)

    rows = await rows_of(backend, "SELECT username, claims, pairwise_salt FROM users ORDER BY 1")
    assert [(name, claims) for name, claims, _ in rows] == [("ada", "{}"), ("grace", "{}")]
    salts = [bytes(salt) for *_, salt in rows]
    assert {len(salt) for salt in salts} == {32}
    assert salts[0] != salts[1]


@pytest.mark.slow
async def test_users_are_preserved_by_a_downgrade(backend: Backend) -> None:
    await migrations.migrate(backend)
    await change(
        backend,
        PERSON.format(name="ada")
        .replace("created_at)", "created_at, pairwise_salt)")
        .replace(
            "+00:00')", "+00:00', " + ("x'00'" if backend.name == "sqlite" else "'\\x00'") + ")"
        ),
    )

    await downgrade(backend, "2026_11_25_core")

    assert await rows_of(backend, "SELECT username FROM users") == [("ada",)]


CLIENT = """
    INSERT INTO clients (client_id, client_name, grant_types, response_types, scope,
        redirect_uris, metadata, created_at, trust)
    VALUES ('{name}', 'An app', 'authorization_code', 'code', 'openid',
        'http://localhost:3000/callback https://b.example/cb', '{metadata}',
        '2026-11-25 12:00:00.000000+00:00', 'none')
"""
CONSENT = """
    INSERT INTO consents (user_id, client_id, scope, granted_at)
    VALUES ('ada', '{name}', 'openid', '2026-11-25 12:00:00.000000+00:00')
"""


async def test_consents_granted_before_the_upgrade_remain_valid_for_their_clients(
    backend: Backend,
) -> None:
    """So that nobody is asked again by the upgrade."""
    metadata = {"plain": {}, "native": {"application_type": "native", "logo_uri": "https://l/x"}}
    await migrations.migrate(backend, "2026_11_28_operators")
    for name, further in metadata.items():
        await change(backend, CLIENT.format(name=name, metadata=json.dumps(further)))
        await change(backend, CONSENT.format(name=name))

    await migrations.migrate(backend)

    rows = await rows_of(backend, "SELECT client_id, client_fingerprint FROM consents")
    assert dict(rows) == {
        name: fingerprint_of(
            client_with(**further)._replace(
                client_name="An app",
                redirect_uris="http://localhost:3000/callback https://b.example/cb",
                token_endpoint_auth_method=None,
            )
        )
        for name, further in metadata.items()
    }


async def test_registered_loopback_origins_are_also_stored_without_their_port(
    backend: Backend,
) -> None:
    """RFC 8252 section 7.3"""
    registered = ["http://localhost:3000", "http://localhost:4000", "http://[::1]:1", "https://a:1"]
    await migrations.migrate(backend, "2026_11_28_authorize")
    for origin in registered:
        value = origin.replace(":", "\\:")
        await change(
            backend,
            f"INSERT INTO client_origins (origin, client_id) VALUES ('{value}', 'x')",
        )

    await migrations.migrate(backend)

    rows = await rows_of(backend, "SELECT origin FROM client_origins")
    added = {"http://localhost", "http://[::1]"}
    assert {origin for (origin,) in rows} == {*registered, *added}
    await downgrade(backend, "2026_11_28_authorize")


CONFIRMED = (
    "UPDATE users SET otp_secret = {secret}, otp_confirmed_at = {at} WHERE user_id = '{name}'"
)
EVENT = """
    INSERT INTO audit_events (sequence, at, action, outcome, actor, address, request_id, details,
        user_id, previous_hash, hash)
    VALUES (1, '2026-11-25 12:00:00.000000+00:00', 'otp.reset', 'succeeded', 'operator:root', '',
        '', '{{}}', 'grace', {hash}, {hash})
"""


async def test_the_upgrade_identifies_users_who_never_confirmed_a_second_factor(
    backend: Backend,
) -> None:
    """But none who confirmed, or whose authenticator an operator reset"""
    secret = "x'00'" if backend.name == "sqlite" else "'\\x00'::bytea"
    await migrations.migrate(backend, "2026_11_29_audit_outbox")
    for name, at in (
        ("ada", "NULL"),
        ("grace", "NULL"),
        ("zoe", "'2026-11-25 12:01:00.000000+00:00'"),
    ):
        person = PERSON.format(name=name).replace("created_at)", "created_at, pairwise_salt)")
        await change(backend, person.replace("+00:00')", f"+00:00', {secret})"))
        await change(backend, CONFIRMED.format(secret=secret, at=at, name=name))
    await change(backend, EVENT.format(hash=secret))

    await migrations.migrate(backend)

    rows = await rows_of(backend, "SELECT user_id FROM unconfirmed_users")
    assert rows == [("ada",)]


FAMILY = """
    INSERT INTO token_families (family_id, client_id, scope, created_at, expires_at)
    VALUES ('{name}', '{name}', 'openid', '2026-11-25 12:00:00+00:00', '2027-11-25 12:00:00+00:00')
"""
TOKEN = """
    INSERT INTO access_tokens (digest, client_id, scope, issued_at, expires_at)
    VALUES ({digest}, '{name}', 'openid', '2026-11-25 12:00:00+00:00', '2027-11-25 12:00:00+00:00')
"""
QUEUED_EVENT = """
    INSERT INTO audit_outbox
        (event_id, at, action, outcome, actor, client_id, address, request_id, details)
    VALUES ('{name}', '2026-11-25 12:00:00+00:00', '{action}', 'success', 'operator:root',
        '{name}', '', '', '{{}}')
"""
DIGEST = {"sqlite": "x'{:02x}'", "postgresql": "'\\x{:02x}'"}


async def test_ids_of_clients_that_were_deleted_before_the_upgrade_are_retired(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their tokens must not become valid again with a new client of that id."""
    monkeypatch.setattr(online, "BATCH_ROWS", 2)
    await migrations.migrate(backend, "2026_11_29_groups")
    await change(backend, CLIENT.format(name="existing", metadata="{}"))
    for name in ("existing", "by-family", "by-family-too"):
        await change(backend, FAMILY.format(name=name))
    digest = DIGEST[backend.name].format
    for number, name in enumerate(("existing", "by-token", "by-token", "by-token-too", "by-token")):
        await change(backend, TOKEN.format(name=name, digest=digest(number)))
    for name, action in (("by-event", "client.deleted"), ("unknown", "token.refused")):
        await change(backend, QUEUED_EVENT.format(name=name, action=action))

    await migrations.migrate(backend)

    rows = await rows_of(backend, "SELECT client_id FROM retired_client_ids ORDER BY client_id")
    assert [client_id for (client_id,) in rows] == [
        "by-event", "by-family", "by-family-too", "by-token", "by-token-too",
    ]  # fmt: skip


async def test_clients_of_the_previous_release_are_found_by_their_words(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online, "BATCH_ROWS", 2)
    await migrations.migrate(backend, "2026_11_30_mail_errors")
    for name in ("first", "SECOND", "third"):
        await change(backend, CLIENT.format(name=name, metadata="{}"))

    await migrations.migrate(backend)

    rows = await rows_of(backend, "SELECT client_id, word FROM client_search ORDER BY 1, 2")
    assert sorted(rows) == sorted(
        (name, word)
        for name in ("first", "SECOND", "third")
        for word in ("an", "app", name.lower())
    )


async def test_admin_scopes_that_are_listed_already_count_from_the_upgrade_on(
    backend: Backend,
) -> None:
    await migrations.migrate(backend, "2026_11_30_group_policies")
    for name in ("listed", "plain"):
        await change(backend, CLIENT.format(name=name, metadata="{}"))
    await change(
        backend,
        "UPDATE clients SET admin_scopes = 'groups:read users:read' WHERE client_id = 'listed'",
    )
    before = datetime.now(UTC)

    await migrations.migrate(backend)

    rows = await rows_of(backend, "SELECT client_id, admin_scopes_since FROM clients ORDER BY 1")
    since = {name: json.loads(text or "{}") for name, text in rows}
    assert since["plain"] == {}
    assert since["listed"].keys() == {"groups:read", "users:read"}
    assert all(datetime.fromisoformat(each) >= before for each in since["listed"].values())
