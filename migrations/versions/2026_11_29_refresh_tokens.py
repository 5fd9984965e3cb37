"""Used refresh tokens keep only a digest and a family; indexes for rows that end early."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations import online

revision: str = "2026_11_29_refresh_tokens"
down_revision: str | None = "2026_11_29_unconfirmed_users"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True
moves_back: dict[str, str] = {"used_refresh_tokens": "refresh_tokens"}

# A used token of the previous release has its idle lifetime in `expires_at`, so it is moved when
# that expires. No row is rewritten by this migration: there may be millions of them.
BACK = """
    INSERT INTO refresh_tokens (digest, family_id, issued_at, expires_at, used_at)
    SELECT used.digest, used.family_id, family.created_at, family.created_at, family.created_at
    FROM used_refresh_tokens AS used
    JOIN token_families AS family ON family.family_id = used.family_id
"""


def upgrade() -> None:
    _create_indexes()
    op.create_table(
        "used_refresh_tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(
            ["family_id"],
            ["token_families.family_id"],
            name="fk_used_refresh_tokens_family_id_token_families",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_used_refresh_tokens"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_used_refresh_tokens_family_id", "used_refresh_tokens", ["family_id"])


def _create_indexes() -> None:
    online.create_index("ix_refresh_tokens_expires_at", "refresh_tokens", ["expires_at"])
    for table in ("token_families", "access_tokens"):
        online.create_index(
            f"ix_{table}_revoked_at",
            table,
            ["revoked_at"],
            sqlite_where=sa.text("revoked_at IS NOT NULL"),
            postgresql_where=sa.text("revoked_at IS NOT NULL"),
        )


def downgrade() -> None:
    op.execute(BACK)
    for table in ("access_tokens", "token_families"):
        op.drop_index(f"ix_{table}_revoked_at", table_name=table)
    op.drop_index("ix_refresh_tokens_expires_at", table_name="refresh_tokens")
    op.drop_table("used_refresh_tokens")
