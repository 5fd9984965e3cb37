"""Logout notices for clients with pairwise subjects store the salt of their user."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations import online

revision: str = "2026_11_28_pairwise"
down_revision: str | None = "2026_11_28_loopback_origins"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    """Add the salt. Rows of the previous release have none and use that of the user, if any."""
    online.add_column("logout_notices", sa.Column("pairwise_salt", sa.LargeBinary()))
    online.run(
        "UPDATE logout_notices SET pairwise_salt ="
        " (SELECT users.pairwise_salt FROM users WHERE users.user_id = logout_notices.user_id)"
        " WHERE client_id IN (SELECT client_id FROM clients WHERE sector_identifier IS NOT NULL)"
    )


def downgrade() -> None:
    with op.batch_alter_table("logout_notices") as batch:
        batch.drop_column("pairwise_salt")
