"""Users keep the steps of their last codes: a clock that was set back locks nobody out."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_29_otp_steps"
down_revision: str | None = "2026_11_29_schema_revisions"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    """The release before leaves the column empty: then the last step alone is remembered."""
    op.add_column("users", sa.Column("otp_recent_steps", sa.String(200)))


def downgrade() -> None:
    with op.batch_alter_table("users") as batch:
        batch.drop_column("otp_recent_steps")
