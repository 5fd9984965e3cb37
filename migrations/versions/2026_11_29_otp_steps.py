"""Users store the steps of their last codes, so that setting a clock back locks no one out."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_otp_steps"
down_revision: str | None = "2026_11_29_schema_revisions"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    """Add the column. The previous release leaves it empty; then only the last step is known."""
    op.add_column("users", sa.Column("otp_recent_steps", sa.String(200)))


def downgrade() -> None:
    with op.batch_alter_table("users") as batch:
        batch.drop_column("otp_recent_steps")
