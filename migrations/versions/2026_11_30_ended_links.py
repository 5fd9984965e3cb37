"""Ended links of external identities, in a table that the previous release does not know."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant

revision: str = "2026_11_30_ended_links"
down_revision: str | None = "2026_11_30_received_identities"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

TABLE = "ended_links"


def upgrade() -> None:
    op.create_table(
        TABLE,
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_ended_links"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table(TABLE)
