"""No index of a client's own access tokens on SQLite, where each token paid for it.

What lists or revokes them reads the index on `expires_at` there.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations import online

revision: str = "2026_11_30_own_tokens"
down_revision: str | None = "2026_11_30_authorization_types"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

NAME = "ix_access_tokens_client_id"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        online.run(f"DROP INDEX IF EXISTS {NAME}")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        condition = sa.text("user_id IS NULL")
        op.create_index(NAME, "access_tokens", ["client_id", "issued_at"], sqlite_where=condition)
