"""Indexes for growing tables: sign-out, revocation, deletion, housekeeping and the audit log."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import online

revision: str = "2026_11_29_indexes"
down_revision: str | None = "2026_11_29_audit_checkpoints"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

INDEXES: tuple[tuple[str, str, list[str], str | None], ...] = (
    ("ix_access_tokens_user_id", "access_tokens", ["user_id"], "user_id IS NOT NULL"),
    ("ix_authorization_codes_session_id", "authorization_codes", ["session_id"], None),
    ("ix_authorization_codes_user_id", "authorization_codes", ["user_id", "client_id"], None),
    ("ix_device_codes_session_id", "device_codes", ["session_id"], "session_id IS NOT NULL"),
    ("ix_device_codes_user_id", "device_codes", ["user_id", "client_id"], "user_id IS NOT NULL"),
    (
        "ix_authorization_requests_session_id",
        "authorization_requests",
        ["session_id"],
        "session_id IS NOT NULL",
    ),
    (
        "ix_clients_registration_expires_at",
        "clients",
        ["registration_expires_at"],
        "registration_expires_at IS NOT NULL",
    ),
    ("ix_upstream_identities_provider", "upstream_identities", ["provider"], None),
    ("ix_audit_events_actor", "audit_events", ["actor", "sequence"], None),
    ("ix_audit_events_action", "audit_events", ["action", "sequence"], None),
    ("ix_audit_events_at", "audit_events", ["at"], None),
)
"""Name, table, columns, and the condition of a partial index."""


def upgrade() -> None:
    for name, table, columns, condition in INDEXES:
        online.create_index(name, table, columns, **_options(name, condition))


def downgrade() -> None:
    for name, table, *_ in reversed(INDEXES):
        op.drop_index(name, table)


def _options(name: str, condition: str | None) -> dict[str, Any]:
    if name == "ix_audit_events_action":  # for prefix searches under any collation
        return {"postgresql_ops": {"action": "varchar_pattern_ops"}}
    if condition is None:
        return {}
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}
