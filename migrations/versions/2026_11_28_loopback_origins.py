"""Loopback origins without a port: a registered loopback origin is valid with every port."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "2026_11_28_loopback_origins"
down_revision: str | None = "2026_11_28_authorize"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


LOOPBACK_ORIGINS = ("http://127.0.0.1", "http://[::1]", "http://localhost")
ADD = sa.text(
    "INSERT INTO client_origins (origin, client_id)"
    " SELECT DISTINCT cast(:origin AS varchar(255)), client_id FROM client_origins"
    " WHERE origin LIKE cast(:pattern AS varchar(255))"
    " ON CONFLICT DO NOTHING"
)


def upgrade() -> None:
    for origin in LOOPBACK_ORIGINS:
        op.execute(ADD.bindparams(origin=origin, pattern=f"{origin}:%"))


def downgrade() -> None:
    """Keep the rows: the previous release reads them as origins with the default port."""
