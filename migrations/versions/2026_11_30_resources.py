"""Resources, and what tokens and grants know about them and about the key they are bound to.

The previous release neither reads nor writes the new columns: its tokens have no audience.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant
from migrations import online

revision: str = "2026_11_30_resources"
down_revision: str | None = "2026_11_30_session_search"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

OF_GRANTS = ("token_families", "authorization_codes", "device_codes")
DEFAULT = "ix_clients_default_resource"


def upgrade() -> None:
    online.add_column("access_tokens", sa.Column("audience", sa.String(500)))
    online.add_column("access_tokens", sa.Column("confirmation", sa.Text()))
    online.add_column("access_tokens", sa.Column("authorization_details", sa.Text()))
    for table in OF_GRANTS:
        online.add_column(table, sa.Column("resources", sa.Text()))
        online.add_column(table, sa.Column("confirmation", sa.Text()))
        online.add_column(table, sa.Column("authorization_details", sa.Text()))
    online.add_column("consents", sa.Column("resources", sa.Text()))
    online.add_column("clients", sa.Column("default_resource", sa.String(64)))
    condition = sa.text("default_resource IS NOT NULL")
    online.create_index(
        DEFAULT,
        "clients",
        ["default_resource"],
        sqlite_where=condition,
        postgresql_where=condition,
    )
    _create_tables()


def _create_tables() -> None:
    op.create_table(
        "resources",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("identifier", sa.String(500), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("token_format", sa.String(16), nullable=False),
        sa.Column("signing_alg", sa.String(16), nullable=False),
        sa.Column("access_token_ttl", sa.Integer()),
        sa.Column("is_open_to_all_clients", sa.Boolean(), nullable=False),
        sa.Column("shows_metadata", sa.Boolean(), nullable=False),
        sa.Column("allows_personal_tokens", sa.Boolean(), nullable=False),
        sa.Column("policies", sa.Text()),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_resources"),
        sa.UniqueConstraint("identifier", name="uq_resources_identifier"),
    )
    op.create_table(
        "resource_identifiers",
        sa.Column("identifier", sa.String(500), nullable=False),
        sa.Column("resource", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("identifier", name="pk_resource_identifiers"),
    )
    op.create_index("ix_resource_identifiers_resource", "resource_identifiers", ["resource"])
    op.create_table(
        "resource_scopes",
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("translations", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("implies", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("resource", "name", name="pk_resource_scopes"),
    )
    op.create_table(
        "resource_clients",
        sa.Column("resource", sa.String(64), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("may_request", sa.Boolean(), nullable=False),
        sa.Column("is_server", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("resource", "client_id", name="pk_resource_clients"),
    )
    op.create_index("ix_resource_clients_client_id", "resource_clients", ["client_id"])


def downgrade() -> None:
    for table in ("resource_clients", "resource_scopes", "resource_identifiers", "resources"):
        op.drop_table(table)
    op.drop_index(DEFAULT, "clients")
    _drop("clients", "default_resource")
    _drop("consents", "resources")
    for table in OF_GRANTS:
        _drop(table, "authorization_details", "confirmation", "resources")
    _drop("access_tokens", "authorization_details", "confirmation", "audience")


def _drop(table: str, *columns: str) -> None:
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.drop_column(column)
