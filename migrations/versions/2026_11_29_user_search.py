"""Index of the words by which users are found, and of the time of their last sign-in.

Housekeeping fills it: it also indexes the users that the previous release registers meanwhile.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant
from migrations import online

revision: str = "2026_11_29_user_search"
down_revision: str | None = "2026_11_29_client_policies"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

IS_NOT_INDEXED = "search_words IS NULL"


def upgrade() -> None:
    online.add_column("users", sa.Column("search_words", sa.Text()))
    online.create_index(
        "ix_users_not_indexed",
        "users",
        ["user_id"],
        sqlite_where=sa.text(IS_NOT_INDEXED),
        postgresql_where=sa.text(IS_NOT_INDEXED),
    )
    word = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
    op.create_table(
        "user_search",
        sa.Column("word", word, nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("word", "user_id", name="pk_user_search"),
    )
    op.create_index("ix_user_search_user_id", "user_search", ["user_id", "word"])
    op.create_table(
        "user_activity",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("last_sign_in_at", Instant()),
        sa.Column("inactive_since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_activity"),
    )
    op.create_index(
        "ix_user_activity_inactive_since", "user_activity", ["inactive_since", "user_id"]
    )


def downgrade() -> None:
    op.drop_table("user_activity")
    op.drop_table("user_search")
    op.drop_index("ix_users_not_indexed", "users")
    with op.batch_alter_table("users") as batch:
        batch.drop_column("search_words")
