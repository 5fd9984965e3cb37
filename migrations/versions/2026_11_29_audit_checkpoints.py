"""Archived audit events can be deleted; all other events cannot."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant

revision: str = "2026_11_29_audit_checkpoints"
down_revision: str | None = "2026_11_29_refresh_tokens"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

NO_CHANGE = "the audit log is append-only"
ARCHIVED = "(SELECT coalesce(max(sequence), 0) FROM audit_checkpoints)"
REFUSAL = f"""
    CREATE FUNCTION refuse_audit_deletion() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT 1 FROM gone WHERE sequence > {ARCHIVED}) THEN
            RAISE EXCEPTION '{NO_CHANGE}';
        END IF;
        RETURN NULL;
    END $$
"""  # noqa: S608 - our own names
CHECKPOINTS = sa.table(
    "audit_checkpoints",
    sa.column("sequence", sa.BigInteger()),
    sa.column("hash", sa.LargeBinary()),
    sa.column("archived_at", Instant()),
)
DELETIONS = sa.table(
    "audit_deletions",
    sa.column("sequence", sa.BigInteger()),
    sa.column("hash", sa.LargeBinary()),
    sa.column("deleted_at", Instant()),
)


def upgrade() -> None:
    op.create_table(
        "audit_checkpoints",
        sa.Column("checkpoint_id", sa.String(20), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("archived_at", Instant(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("checkpoint_id", name="pk_audit_checkpoints"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _refuse_on_postgresql("UPDATE OR TRUNCATE")
        op.execute(REFUSAL)
        op.execute(
            "CREATE TRIGGER audit_events_are_kept_from_delete AFTER DELETE ON audit_events"
            " REFERENCING OLD TABLE AS gone FOR EACH STATEMENT"
            " EXECUTE FUNCTION refuse_audit_deletion()"
        )
    else:
        _refuse_on_sqlite(f"WHEN OLD.sequence > {ARCHIVED} ")


def downgrade() -> None:
    """Delete archived events and record the deletion, the only gap the previous release knows."""
    connection = op.get_bind()
    op.execute(f"DELETE FROM audit_events WHERE sequence <= {ARCHIVED}")  # noqa: S608 - our own name
    newest = connection.execute(
        sa.select(CHECKPOINTS).order_by(CHECKPOINTS.c.sequence.desc()).limit(1)
    ).first()
    last_deleted = sa.select(DELETIONS.c.sequence).order_by(DELETIONS.c.sequence.desc()).limit(1)
    if newest is not None and newest.sequence > (connection.scalar(last_deleted) or 0):
        op.execute(
            sa.insert(DELETIONS).values(
                sequence=newest.sequence, hash=newest.hash, deleted_at=newest.archived_at
            )
        )
    if connection.dialect.name == "postgresql":
        op.execute("DROP TRIGGER audit_events_are_kept_from_delete ON audit_events")
        op.execute("DROP FUNCTION refuse_audit_deletion()")
        _refuse_on_postgresql("UPDATE OR DELETE OR TRUNCATE")
    else:
        _refuse_on_sqlite("")
    op.drop_table("audit_checkpoints")


def _refuse_on_postgresql(verbs: str) -> None:
    op.execute("DROP TRIGGER IF EXISTS audit_events_are_kept ON audit_events")
    op.execute(
        f"CREATE TRIGGER audit_events_are_kept BEFORE {verbs} ON audit_events"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )


def _refuse_on_sqlite(condition: str) -> None:
    op.execute("DROP TRIGGER IF EXISTS audit_events_are_kept_from_delete")
    op.execute(
        "CREATE TRIGGER audit_events_are_kept_from_delete BEFORE DELETE ON audit_events"
        f" {condition}BEGIN SELECT RAISE(ABORT, '{NO_CHANGE}'); END"
    )
