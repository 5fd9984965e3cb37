"""Pending mails know why the last attempt to deliver them failed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations import online

revision: str = "2026_11_30_mail_errors"
down_revision: str | None = "2026_11_30_provider_owners"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    online.add_column("mails", sa.Column("last_error", sa.String(200)))


def downgrade() -> None:
    with op.batch_alter_table("mails") as batch:
        batch.drop_column("last_error")
