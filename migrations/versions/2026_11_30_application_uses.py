"""When and from where clients last got tokens for users.

The previous release does not write the table, and shows when the newest token was issued.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant

revision: str = "2026_11_30_application_uses"
down_revision: str | None = "2026_11_30_shared_refresh_tokens"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    op.create_table(
        "application_uses",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("last_used_at", Instant(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "client_id", name="pk_application_uses"),
    )
    op.create_index("ix_application_uses_client_id", "application_uses", ["client_id"])


def downgrade() -> None:
    op.drop_table("application_uses")
