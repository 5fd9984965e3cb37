"""The catalogue of scopes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant

revision: str = "2026_11_30_scopes"
down_revision: str | None = "2026_11_30_session_providers"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    op.create_table(
        "scopes",
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("translations", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_scopes"),
    )


def downgrade() -> None:
    op.drop_table("scopes")
