"""The groups with a policy for the second factor are found by an index."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations import online

revision: str = "2026_11_30_group_policies"
down_revision: str | None = "2026_11_30_activity"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

INDEX = "ix_groups_second_factor"


def upgrade() -> None:
    condition = sa.text("second_factor IS NOT NULL")
    online.create_index(
        INDEX, "groups", ["second_factor"], sqlite_where=condition, postgresql_where=condition
    )


def downgrade() -> None:
    op.drop_index(INDEX, "groups")
