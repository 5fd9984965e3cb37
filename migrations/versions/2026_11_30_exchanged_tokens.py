"""Tokens that were issued by token exchange, as families that refer to their subject tokens.

The previous release issues none. It accepts those of this release until they expire.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import online

revision: str = "2026_11_30_exchanged_tokens"
down_revision: str | None = "2026_11_30_own_tokens"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "actors": sa.Text(),
    "about_client_id": sa.String(255),
    "subject_client_id": sa.String(255),
    "subject_family_id": sa.String(32),
    "subject_digest": sa.LargeBinary(),
    "subject_jti_digest": sa.String(64),
}


def upgrade() -> None:
    for name, kind in COLUMNS.items():
        online.add_column("token_families", sa.Column(name, kind))


def downgrade() -> None:
    op.execute(  # without its subject, nothing would end such a token early
        "UPDATE token_families SET revoked_at = created_at"
        " WHERE subject_client_id IS NOT NULL AND revoked_at IS NULL"
    )
    with op.batch_alter_table("token_families") as batch:
        for name in reversed(COLUMNS):
            batch.drop_column(name)
