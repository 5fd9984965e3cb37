"""Metadata documents of clients, blocked hosts, and resources for agents."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant
from migrations import online

revision: str = "2026_11_30_client_documents"
down_revision: str | None = "2026_11_30_personal_tokens"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

DOCUMENTS, GRANTS, BLOCKED = "client_documents", "document_grants", "blocked_client_hosts"


def upgrade() -> None:
    online.add_column(
        "resources",
        sa.Column("is_for_agents", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        DOCUMENTS,
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.Column("additions", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Text()),
        sa.Column("etag", sa.Text()),
        sa.Column("last_modified", sa.Text()),
        sa.Column("fetched_at", Instant(), nullable=False),
        sa.Column("fresh_until", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("used_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", name="pk_client_documents"),
    )
    op.create_index("ix_client_documents_host", DOCUMENTS, ["host"])
    op.create_index("ix_client_documents_used_at", DOCUMENTS, ["used_at"])
    op.create_table(
        GRANTS,
        sa.Column("family_id", sa.String(32), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("family_id", name="pk_document_grants"),
    )
    op.create_index("ix_document_grants_client_id", GRANTS, ["client_id"])
    op.create_index("ix_document_grants_expires_at", GRANTS, ["expires_at"])
    op.create_table(
        BLOCKED,
        sa.Column("host", sa.String(255), nullable=False),
        sa.Column("blocked_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("host", name="pk_blocked_client_hosts"),
    )


def downgrade() -> None:
    for table in (BLOCKED, GRANTS, DOCUMENTS):
        op.drop_table(table)
    with op.batch_alter_table("resources") as batch:
        batch.drop_column("is_for_agents")
