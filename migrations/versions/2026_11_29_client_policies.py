"""Clients have policies, admin scopes, an owner, a version, and a secret that is being replaced."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

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


def upgrade() -> None:
    for column in _columns():
        online.add_column("clients", column)
    op.create_table(
        "client_usage",
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("last_token_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_client_usage"),
    )
    op.create_table(
        "retired_client_ids",
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("retired_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_retired_client_ids"),
    )


def downgrade() -> None:
    op.drop_table("retired_client_ids")
    op.drop_table("client_usage")
    with op.batch_alter_table("clients") as batch:
        for name in reversed(NAMES):
            batch.drop_column(name)


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
