"""The file that made an identity provider, and the version of its settings.

The previous release adds providers as `manual`, and its changes do not raise the version.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations import online

revision: str = "2026_11_30_provider_owners"
down_revision: str | None = "2026_11_30_admin_scopes_since"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    online.add_column(
        "upstream_providers",
        sa.Column("owner", sa.String(64), nullable=False, server_default="manual"),
    )
    online.add_column(
        "upstream_providers",
        sa.Column("version", sa.Integer(), nullable=False, server_default="1"),
    )


def downgrade() -> None:
    with op.batch_alter_table("upstream_providers") as batch:
        batch.drop_column("version")
        batch.drop_column("owner")
