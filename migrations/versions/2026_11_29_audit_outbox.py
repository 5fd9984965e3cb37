"""Audit outbox: an event is written together with its change and numbered afterwards."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant

revision: str = "2026_11_29_audit_outbox"
down_revision: str | None = "2026_11_29_otp_steps"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

NO_CHANGE = "an audit event that waits for its number cannot be changed"
NAMES = (
    "at", "action", "outcome", "actor", "user_id", "client_id", "address", "request_id", "details"
)  # fmt: skip
BATCH = 1000
HEAD = sa.table(
    "audit_head", sa.column("sequence", sa.BigInteger()), sa.column("hash", sa.LargeBinary())
)
EVENTS = sa.table(
    "audit_events",
    sa.column("sequence", sa.BigInteger()),
    *(sa.column(name, Instant() if name == "at" else sa.String()) for name in NAMES),
    sa.column("previous_hash", sa.LargeBinary()),
    sa.column("hash", sa.LargeBinary()),
)
OUTBOX = sa.table(
    "audit_outbox",
    sa.column("event_id", sa.String()),
    *(sa.column(name, Instant() if name == "at" else sa.String()) for name in NAMES),
    sa.column("sequenced_at", Instant()),
)


def upgrade() -> None:
    op.create_table(
        "audit_outbox",
        sa.Column("event_id", sa.String(32), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(300), nullable=False),
        sa.Column("user_id", sa.String(32)),
        sa.Column("client_id", sa.String(255)),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("sequenced_at", Instant()),
        sa.PrimaryKeyConstraint("event_id", name="pk_audit_outbox"),
    )
    op.create_index("ix_audit_outbox_sequenced_at", "audit_outbox", ["sequenced_at", "event_id"])
    if op.get_bind().dialect.name == "postgresql":
        _protect_on_postgresql()
    else:
        _protect_on_sqlite()


def downgrade() -> None:
    """Number the pending events first: the previous release knows only the chain."""
    while _number_some():
        pass
    op.drop_table("audit_outbox")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_outbox_change()")


def _protect_on_postgresql() -> None:
    old, new = (", ".join(f"{row}.{name}" for name in ("event_id", *NAMES)) for row in _ROWS)
    op.execute(
        "CREATE FUNCTION refuse_outbox_change() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN RAISE EXCEPTION '{NO_CHANGE}'; END $$"
    )
    for name, when in (
        ("delete BEFORE DELETE", "OLD.sequenced_at IS NULL"),
        ("update BEFORE UPDATE", f"ROW({old}) IS DISTINCT FROM ROW({new})"),
    ):
        op.execute(
            f"CREATE TRIGGER audit_outbox_is_kept_from_{name} ON audit_outbox FOR EACH ROW"
            f" WHEN ({when}) EXECUTE FUNCTION refuse_outbox_change()"
        )
    op.execute(
        "CREATE TRIGGER audit_outbox_is_kept_from_truncate BEFORE TRUNCATE ON audit_outbox"
        " FOR EACH STATEMENT EXECUTE FUNCTION refuse_outbox_change()"
    )


def _protect_on_sqlite() -> None:
    changed = " OR ".join(f"OLD.{name} IS NOT NEW.{name}" for name in ("event_id", *NAMES))
    for verb, when in (("delete", "OLD.sequenced_at IS NULL"), ("update", changed)):
        op.execute(
            f"CREATE TRIGGER audit_outbox_is_kept_from_{verb} BEFORE {verb.upper()} ON audit_outbox"
            f" WHEN {when} BEGIN SELECT RAISE(ABORT, '{NO_CHANGE}'); END"
        )


_ROWS = ("OLD", "NEW")


def _number_some() -> bool:
    """Move a batch of pending events to the end of the chain; return whether there were any."""
    connection = op.get_bind()
    pending = connection.execute(
        sa.select(OUTBOX.c.event_id, *(OUTBOX.c[name] for name in NAMES))
        .where(OUTBOX.c.sequenced_at.is_(None))
        .order_by(OUTBOX.c.event_id)
        .limit(BATCH)
    ).all()
    if not pending:
        return False
    sequence, previous = connection.execute(sa.select(HEAD.c.sequence, HEAD.c.hash)).one()
    previous = bytes(previous)
    for _, *values in pending:
        sequence += 1
        row = {
            "sequence": sequence,
            "previous_hash": previous,
            **dict(zip(NAMES, values, strict=True)),
        }
        previous = _hash_of(row)
        connection.execute(sa.insert(EVENTS).values(**row, hash=previous))
    connection.execute(sa.update(HEAD).values(sequence=sequence, hash=previous))
    connection.execute(
        sa.update(OUTBOX)
        .where(OUTBOX.c.sequenced_at.is_(None), OUTBOX.c.event_id <= pending[-1].event_id)
        .values(sequenced_at=pending[-1].at)
    )
    return True


def _hash_of(row: dict[str, Any]) -> bytes:
    """Compute the hash as the application does (SHA-256 over the columns and the previous hash)."""
    at = row["at"].isoformat(timespec="microseconds")
    content = [
        row["previous_hash"].hex(), row["sequence"], at, row["action"], row["outcome"],
        row["actor"], row["user_id"], row["client_id"], row["address"], row["request_id"],
        row["details"],
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).digest()
