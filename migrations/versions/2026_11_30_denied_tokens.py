"""The deny-list of JWT access tokens.

The previous release issues no JWTs, and refuses them.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant

revision: str = "2026_11_30_denied_tokens"
down_revision: str | None = "2026_11_30_resources"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    op.create_table(
        "denied_tokens",
        sa.Column("jti_digest", sa.String(64), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("jti_digest", name="pk_denied_tokens"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_denied_tokens_expires_at", "denied_tokens", ["expires_at"])


def downgrade() -> None:
    op.drop_table("denied_tokens")
