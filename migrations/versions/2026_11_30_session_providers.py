"""Sessions know the identity provider that their user signed in with."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations import online

revision: str = "2026_11_30_session_providers"
down_revision: str | None = "2026_11_29_staying_sessions"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    online.add_column("sessions", sa.Column("provider", sa.String(40)))


def downgrade() -> None:
    with op.batch_alter_table("sessions") as batch:
        batch.drop_column("provider")
