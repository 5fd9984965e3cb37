"""Clients have policies, admin scopes, an owner, a version, and a secret that is being replaced.

The ids of clients that were deleted before are retired: their tokens must not become valid again
when the id is chosen for a new client. They are those that tokens and the audit log name.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import postgresql, sqlite

from app.database.types import Instant
from migrations import online

revision: str = "2026_11_29_client_policies"
down_revision: str | None = "2026_11_29_groups"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

NAMES = (
    "policies",
    "admin_scopes",
    "owner",
    "version",
    "secret_expires_at",
    "previous_secret_digest",
    "previous_secret_expires_at",
)
NAMED_BY_TOKENS = (
    sa.table("token_families", sa.column("family_id", sa.String), sa.column("client_id")),
    sa.table("access_tokens", sa.column("digest", sa.LargeBinary), sa.column("client_id")),
)
NAMED_BY_EVENTS = (
    sa.table("audit_events", sa.column("sequence"), sa.column("action"), sa.column("client_id")),
    sa.table("audit_outbox", sa.column("event_id"), sa.column("action"), sa.column("client_id")),
)


def upgrade() -> None:
    for column in _columns():
        online.add_column("clients", column)
    is_repeatable = online.is_online() or None
    op.create_table(
        "client_usage",
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("last_token_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_client_usage"),
        if_not_exists=is_repeatable,
    )
    op.create_table(
        "retired_client_ids",
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("retired_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_retired_client_ids"),
        if_not_exists=is_repeatable,
    )
    for source in NAMED_BY_TOKENS:
        online.insert_from(source, _key_of(source), _retire)
    for source in NAMED_BY_EVENTS:
        is_deletion = sa.and_(source.c.action == "client.deleted", source.c.client_id.is_not(None))
        online.insert_from(source, _key_of(source), _retire, where=is_deletion)


def downgrade() -> None:
    op.drop_table("retired_client_ids")
    op.drop_table("client_usage")
    with op.batch_alter_table("clients") as batch:
        for name in reversed(NAMES):
            batch.drop_column(name)


def _key_of(source: sa.TableClause) -> str:
    return next(iter(source.c)).name


def _retire(rows: sa.Subquery) -> sa.Executable:
    """Return the insert of the ids in `rows` that no client has."""
    existing = sa.table("clients", sa.column("client_id"))
    retired = sa.table(
        "retired_client_ids", sa.column("client_id"), sa.column("retired_at", Instant())
    )
    retired_at = sa.bindparam("retired_at", context.config.attributes["now"], type_=Instant())
    ids = (
        sa.select(rows.c.client_id, sa.cast(retired_at, Instant()))
        .where(~sa.exists().where(existing.c.client_id == rows.c.client_id))
        .distinct()
    )
    insert = sqlite.insert if op.get_bind().dialect.name == "sqlite" else postgresql.insert
    return insert(retired).from_select(["client_id", "retired_at"], ids).on_conflict_do_nothing()


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("policies", sa.Text()),
        sa.Column("admin_scopes", sa.Text(), nullable=False, server_default=sa.text("''")),
        sa.Column("owner", sa.String(64), nullable=False, server_default="manual"),
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
        sa.Column("secret_expires_at", Instant()),
        sa.Column("previous_secret_digest", sa.LargeBinary()),
        sa.Column("previous_secret_expires_at", Instant()),
    ]
