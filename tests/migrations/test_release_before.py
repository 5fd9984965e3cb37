"""Servers of the release before go on serving on the schema of this one."""

from app.database import migrations
from app.database.backends import Backend
from tests.migrations.conftest import change, rows_of

NOW = "'2026-11-29 12:00:00.000000+00:00'"
USER = """
    INSERT INTO users
        (user_id, username, username_key, password_hash, credentials_version, created_at)
    VALUES ('{name}', '{name}', '{name}', 'hash', 'version', {now})
"""
CLIENT = """
    INSERT INTO clients (client_id, client_name, grant_types, response_types, scope,
        redirect_uris, metadata, created_at)
    VALUES ('{name}', 'a', '', '', '', '', '', {now})
"""
FAMILY = """
    INSERT INTO token_families (family_id, client_id, user_id, scope, created_at, expires_at)
    VALUES ('{name}', '{name}', '{name}', '', {now}, {now})
"""


async def test_rows_written_by_the_first_release_are_accepted_by_this_schema(
    backend: Backend,
) -> None:
    """A column that it does not know has a default, or may be null."""
    await migrations.migrate(backend)

    for name in ("ada", "grace"):
        for statement in (USER, CLIENT, FAMILY):
            await change(backend, statement.format(name=name, now=NOW))

    salts = [bytes(salt) for (salt,) in await rows_of(backend, "SELECT pairwise_salt FROM users")]
    assert {len(salt) for salt in salts} == {32}
    assert salts[0] != salts[1]
