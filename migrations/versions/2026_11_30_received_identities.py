"""Rules for identity assertions of trusted issuers. The previous release ignores the column."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_30_received_identities"
down_revision: str | None = "2026_11_30_prepared_accounts"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    op.add_column("trusted_issuers", sa.Column("identity_rules", sa.Text()))


def downgrade() -> None:
    op.drop_column("trusted_issuers", "identity_rules")
