"""Table of applied revisions, and whether the previous release may keep serving on each."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_schema_revisions"
down_revision: str | None = "2026_11_28_pairwise"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    """Create the table; `migrations/env.py` adds rows for this revision and all earlier ones."""
    op.create_table(
        "schema_revisions",
        sa.Column("revision", sa.String(100), nullable=False),
        sa.Column("previous_may_serve", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_schema_revisions"),
    )


def downgrade() -> None:
    op.drop_table("schema_revisions")
