"""Protection against operator errors: a key check value, and the heads of deleted audit logs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant

revision: str = "2026_11_28_operators"
down_revision: str | None = "2026_11_25_people"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    op.create_table(
        "key_checks",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_key_checks"),
    )
    if sa.inspect(op.get_bind()).has_table("audit_deletions"):  # no downgrade drops it
        return
    op.create_table(
        "audit_deletions",
        sa.Column("sequence", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("deleted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_deletions"),
    )


def downgrade() -> None:
    op.drop_table("key_checks")
