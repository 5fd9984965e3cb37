"""Groups and roles of users, typed attributes, and mappings from identity providers' groups."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant
from migrations import online

revision: str = "2026_11_29_groups"
down_revision: str | None = "2026_11_29_indexes"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

TABLES = (
    "user_attributes",
    "attribute_definitions",
    "role_grants",
    "roles",
    "group_mappings",
    "group_members",
    "groups",
)
RESERVED_ROLES = """
    INSERT INTO roles (role_id, name, client_id, description, owner, version, created_at) VALUES
    ('administrator', 'administrator', '', 'Administers this server.', 'manual', 1, {now}),
    ('auditor', 'auditor', '', 'Reads the administration of this server.', 'manual', 1, {now})
"""
NOW = {
    "postgresql": "now()",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000+00:00', 'now')",
}
"""The current time, in the format of an `Instant`."""


def upgrade() -> None:
    online.add_column("upstream_providers", sa.Column("groups_claim", sa.String(64)))
    _create_groups()
    _create_roles()
    op.create_table(
        "attribute_definitions",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("type", sa.String(10), nullable=False),
        sa.Column("applies_to", sa.String(10), nullable=False),
        sa.Column("editable_by", sa.String(15), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_attribute_definitions"),
    )
    op.create_table(
        "user_attributes",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("own_attributes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_user_attributes"),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    with op.batch_alter_table("upstream_providers") as batch:
        batch.drop_column("groups_claim")


def _create_groups() -> None:
    op.create_table(
        "groups",
        sa.Column("group_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("name_key", sa.String(128), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("attributes", sa.Text(), nullable=False),
        sa.Column("second_factor", sa.String(20)),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", name="pk_groups"),
        sa.UniqueConstraint("name_key", name="uq_groups_name_key"),
    )
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.String(32), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("source", sa.String(80), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("group_id", "user_id", "source", name="pk_group_members"),
    )
    op.create_index("ix_group_members_user_id", "group_members", ["user_id"])
    op.create_index(
        "ix_group_members_source",
        "group_members",
        ["source"],
        sqlite_where=sa.text("source <> 'manual'"),
        postgresql_where=sa.text("source <> 'manual'"),
    )
    op.create_table(
        "group_mappings",
        sa.Column("provider_id", sa.String(40), nullable=False),
        sa.Column("claim_value", sa.String(256), nullable=False),
        sa.Column("group_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", "claim_value", "group_id", name="pk_group_mappings"),
    )
    op.create_index("ix_group_mappings_group_id", "group_mappings", ["group_id"])


def _create_roles() -> None:
    op.create_table(
        "roles",
        sa.Column("role_id", sa.String(32), nullable=False),
        sa.Column("name", sa.String(128), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("role_id", name="pk_roles"),
        sa.UniqueConstraint("client_id", "name", name="uq_roles_client_id"),
    )
    op.create_table(
        "role_grants",
        sa.Column("role_id", sa.String(32), nullable=False),
        sa.Column("subject", sa.String(40), nullable=False),
        sa.Column("granted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("role_id", "subject", name="pk_role_grants"),
    )
    op.create_index("ix_role_grants_subject", "role_grants", ["subject"])
    op.execute(RESERVED_ROLES.format(now=NOW[op.get_bind().dialect.name]))
