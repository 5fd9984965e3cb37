"""Accounts for which others may hold credentials. The previous release ignores the table."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant

revision: str = "2026_11_30_prepared_accounts"
down_revision: str | None = "2026_11_30_exchanged_tokens"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    op.create_table(
        "prepared_accounts",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_prepared_accounts"),
    )


def downgrade() -> None:
    op.drop_table("prepared_accounts")
