"""Trusted issuers, whose JWTs stand for a client or a user. The previous release ignores them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant

revision: str = "2026_11_30_trusted_issuers"
down_revision: str | None = "2026_11_30_denied_tokens"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    op.create_table(
        "trusted_issuers",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("jwks_uri", sa.Text()),
        sa.Column("jwks", sa.Text()),
        sa.Column("algorithms", sa.Text(), nullable=False),
        sa.Column("audience", sa.String(500), nullable=False),
        sa.Column("subjects", sa.Text(), nullable=False),
        sa.Column("client_id", sa.String(255)),
        sa.Column("user_id", sa.String(32)),
        sa.Column("presenters", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("resource_names", sa.Text(), nullable=False),
        sa.Column("required_claims", sa.Text(), nullable=False),
        sa.Column("maximum_age", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_trusted_issuers"),
    )
    op.create_index("ix_trusted_issuers_issuer", "trusted_issuers", ["issuer"])
    op.create_index(
        "ix_trusted_issuers_user_id",
        "trusted_issuers",
        ["user_id"],
        postgresql_where=sa.text("user_id IS NOT NULL"),
        sqlite_where=sa.text("user_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("trusted_issuers")
