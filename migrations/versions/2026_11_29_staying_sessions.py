"""Sessions know whether their user asked to stay signed in."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations import online

revision: str = "2026_11_29_staying_sessions"
down_revision: str | None = "2026_11_29_user_search"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    online.add_column(
        "sessions",
        sa.Column("stays_signed_in", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    with op.batch_alter_table("sessions") as batch:
        batch.drop_column("stays_signed_in")
