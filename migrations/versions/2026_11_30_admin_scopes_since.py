"""Clients know since when they may have each scope of the admin API.

Tokens from before open nothing. The scopes that are listed already count from the migration on.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from migrations import online

revision: str = "2026_11_30_admin_scopes_since"
down_revision: str | None = "2026_11_30_group_policies"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

CLIENTS = sa.table(
    "clients",
    sa.column("client_id", sa.String),
    sa.column("admin_scopes", sa.Text),
    sa.column("admin_scopes_since", sa.Text),
)


def upgrade() -> None:
    online.add_column("clients", sa.Column("admin_scopes_since", sa.Text()))
    columns = CLIENTS.c
    listed = sa.select(columns.client_id, columns.admin_scopes).where(
        columns.admin_scopes != "", columns.admin_scopes_since.is_(None)
    )
    online.fill_computed(CLIENTS, ["client_id"], listed, _since_now)


def downgrade() -> None:
    with op.batch_alter_table("clients") as batch:
        batch.drop_column("admin_scopes_since")


def _since_now(row: Any) -> Mapping[str, Any]:
    now = context.config.attributes["now"].isoformat()
    return {"admin_scopes_since": json.dumps(dict.fromkeys(row.admin_scopes.split(), now))}
