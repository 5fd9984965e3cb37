"""A downgrade gives the release before what it needs to recognize a replay."""

from app.database import migrations
from app.database.backends import Backend
from tests.migrations.conftest import change, rows_of
from tests.support.clock import FakeClock

BEFORE = "2026_11_29_unconfirmed_users"
MOMENT = "'2026-11-25 12:00:00.000000+00:00'"
FAMILY = f"""
    INSERT INTO token_families (family_id, client_id, scope, created_at, expires_at)
    VALUES ('family', 'client', 'profile', {MOMENT}, {MOMENT})
"""


async def test_a_downgrade_restores_used_refresh_tokens_as_used_rows(backend: Backend) -> None:
    """SECURITY_BAR row 9; fault row 10: nothing is lost, so no agreement is needed"""
    await migrations.migrate(backend)
    digest = "x'00'" if backend.name == "sqlite" else "'\\x00'"
    await change(backend, FAMILY)
    await change(
        backend,
        f"INSERT INTO used_refresh_tokens (digest, family_id) VALUES ({digest}, 'family')",
    )

    losses = await migrations.downgrade(backend, BEFORE, now=FakeClock().now(), deletes_data=False)

    assert list(losses) == []
    rows = await rows_of(backend, "SELECT family_id, used_at IS NOT NULL FROM refresh_tokens")
    assert [(family_id, bool(is_used)) for family_id, is_used in rows] == [("family", True)]
