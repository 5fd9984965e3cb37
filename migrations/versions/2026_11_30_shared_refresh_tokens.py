"""When a used refresh token of a family first got the pair that was current then.

The previous release revokes the family instead, after its grace window of 30 seconds.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant
from migrations import online

revision: str = "2026_11_30_shared_refresh_tokens"
down_revision: str | None = "2026_11_30_client_documents"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    online.add_column("token_families", sa.Column("shared_at", Instant()))


def downgrade() -> None:
    with op.batch_alter_table("token_families") as batch:
        batch.drop_column("shared_at")
