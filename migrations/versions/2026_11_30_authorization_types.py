"""Types of authorization details (RFC 9396). The previous release ignores them."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant

revision: str = "2026_11_30_authorization_types"
down_revision: str | None = "2026_11_30_application_uses"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    op.create_table(
        "authorization_types",
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("json_schema", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("translations", sa.Text(), nullable=False),
        sa.Column("is_open_to_all_clients", sa.Boolean(), nullable=False),
        sa.Column("resource_names", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_authorization_types"),
    )
    op.create_table(
        "authorization_type_clients",
        sa.Column("authorization_type", sa.String(128), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint(
            "authorization_type", "client_id", name="pk_authorization_type_clients"
        ),
    )
    op.create_index(
        "ix_authorization_type_clients_client_id", "authorization_type_clients", ["client_id"]
    )


def downgrade() -> None:
    op.drop_table("authorization_type_clients")
    op.drop_table("authorization_types")
