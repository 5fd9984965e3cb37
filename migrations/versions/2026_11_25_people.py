"""Account security: rate limits, second factors, email, identity providers, the audit log."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import context, op

from app.database.types import Instant
from migrations import online

revision: str = "2026_11_25_people"
down_revision: str | None = "2026_11_25_openid"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

TABLES = (
    "limit_counters", "known_addresses", "remembered_browsers", "recovery_codes", "passkeys",
    "one_time_links", "mails", "upstream_identities", "upstream_providers", "audit_events",
    "audit_head",
)  # fmt: skip
NO_CHANGE = "the audit log is append-only"
HEAD = sa.table(
    "audit_head",
    sa.column("name", sa.String()),
    sa.column("sequence", sa.BigInteger()),
    sa.column("hash", sa.LargeBinary()),
)
DELETIONS = sa.table(
    "audit_deletions",
    sa.column("sequence", sa.BigInteger()),
    sa.column("hash", sa.LargeBinary()),
    sa.column("deleted_at", Instant()),
)
"""The head of each chain that a downgrade deleted. No downgrade drops this table."""


def upgrade() -> None:
    otp_drift = sa.Column("otp_drift", sa.Integer(), nullable=False, server_default="0")
    online.add_column("users", otp_drift)
    online.add_column("users", sa.Column("email_key", sa.String(320)))
    _fill_email_keys()
    online.create_index("ix_users_email_key", "users", ["email_key"])
    _create_limits()
    _create_factors()
    _create_mail()
    _create_upstream()
    _create_audit()


def downgrade() -> None:
    _keep_audit_head()
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change()")
    op.drop_index("ix_users_email_key", "users")
    with op.batch_alter_table("users") as batch:
        batch.drop_column("email_key")
        batch.drop_column("otp_drift")


def _fill_email_keys() -> None:
    """Fill the keys of verified email addresses."""
    users = sa.table(
        "users",
        sa.column("user_id", sa.String()),
        sa.column("claims", sa.Text()),
        sa.column("email_key", sa.String()),
    )
    source = sa.select(users.c.user_id, users.c.claims).where(
        users.c.claims != "{}", users.c.email_key.is_(None)
    )
    online.fill_computed(users, ["user_id"], source.with_for_update(), _email_key)


def _email_key(row: Any) -> dict[str, str]:
    claims: dict[str, Any] = json.loads(row.claims)
    if not (claims.get("email") and claims.get("email_verified")):
        return {}
    return {"email_key": str(claims["email"]).casefold()[:320]}


def _create_limits() -> None:
    op.create_table(
        "limit_counters",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("window", sa.BigInteger(), nullable=False),
        sa.Column("current", sa.Integer(), nullable=False),
        sa.Column("previous", sa.Integer(), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("blocked_until", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "known_addresses",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "remembered_browsers",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("credentials_version", sa.String(32), nullable=False),
        sa.Column("user_agent", sa.String(300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest"),
    )
    for table in ("limit_counters", "known_addresses", "remembered_browsers"):
        op.create_index(f"ix_{table}_expires_at", table, ["expires_at"])
    for table in ("known_addresses", "remembered_browsers"):
        op.create_index(f"ix_{table}_user_id", table, ["user_id"])


def _create_factors() -> None:
    op.create_table(
        "recovery_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("used_at", Instant()),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_table(
        "passkeys",
        sa.Column("passkey_id", sa.String(32), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("transports", sa.String(200), nullable=False),
        sa.Column("is_synced", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant()),
        sa.PrimaryKeyConstraint("passkey_id"),
        sa.UniqueConstraint("credential_id"),
    )
    for table in ("recovery_codes", "passkeys"):
        op.create_index(f"ix_{table}_user_id", table, ["user_id"])


def _create_mail() -> None:
    op.create_table(
        "one_time_links",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("purpose", sa.String(30), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("credentials_version", sa.String(32), nullable=False),
        sa.Column("email", sa.String(320)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant()),
        sa.PrimaryKeyConstraint("digest"),
    )
    op.create_index("ix_one_time_links_user_id", "one_time_links", ["user_id"])
    op.create_index("ix_one_time_links_expires_at", "one_time_links", ["expires_at"])
    op.create_table(
        "mails",
        sa.Column("mail_id", sa.String(32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("mail_id"),
    )
    op.create_index("ix_mails_next_attempt_at", "mails", ["next_attempt_at"])


def _create_upstream() -> None:
    op.create_table(
        "upstream_providers",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("label", sa.String(100), nullable=False),
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("client_id", sa.String(300), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary()),
        sa.Column("scope", sa.String(300), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("disabled_at", Instant()),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "upstream_identities",
        sa.Column("issuer", sa.String(300), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("provider", sa.String(40), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("label", sa.String(320), nullable=False),
        sa.Column("linked_at", Instant(), nullable=False),
        sa.Column("last_used_at", Instant()),
        sa.PrimaryKeyConstraint("issuer", "subject"),
    )
    op.create_index("ix_upstream_identities_user_id", "upstream_identities", ["user_id"])


def _create_audit() -> None:
    op.create_table(
        "audit_events",
        sa.Column("sequence", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("actor", sa.String(300), nullable=False),
        sa.Column("user_id", sa.String(32)),
        sa.Column("client_id", sa.String(255)),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index("ix_audit_events_user_id", "audit_events", ["user_id", "sequence"])
    op.create_table(
        "audit_head",
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    sequence, last_hash = _deleted_head() or (0, bytes(32))
    op.execute(sa.insert(HEAD).values(name="head", sequence=sequence, hash=last_hash))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{NO_CHANGE}'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_events_are_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON"
            " audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
        )
    else:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_events_are_kept_from_{verb.lower()} BEFORE {verb} ON"
                f" audit_events BEGIN SELECT RAISE(ABORT, '{NO_CHANGE}'); END"
            )


def _deleted_head() -> tuple[int, bytes] | None:
    """Return the head of the chain deleted by the last downgrade, which the new chain continues."""
    connection = op.get_bind()
    if not sa.inspect(connection).has_table("audit_deletions"):
        return None
    statement = sa.select(DELETIONS.c.sequence, DELETIONS.c.hash)
    row = connection.execute(statement.order_by(DELETIONS.c.sequence.desc()).limit(1)).first()
    return (row.sequence, bytes(row.hash)) if row is not None else None


def _keep_audit_head() -> None:
    """Write the head of the chain to the table that no downgrade drops."""
    connection = op.get_bind()
    sequence, last_hash = connection.execute(sa.select(HEAD.c.sequence, HEAD.c.hash)).one()
    if sequence == (_deleted_head() or (0, b""))[0]:  # no events since
        return
    if not sa.inspect(connection).has_table("audit_deletions"):
        op.create_table(
            "audit_deletions",
            sa.Column("sequence", sa.BigInteger(), nullable=False, autoincrement=False),
            sa.Column("hash", sa.LargeBinary(), nullable=False),
            sa.Column("deleted_at", Instant(), nullable=False),
            sa.PrimaryKeyConstraint("sequence", name="pk_audit_deletions"),
        )
    op.execute(
        sa.insert(DELETIONS).values(
            sequence=sequence, hash=last_hash, deleted_at=context.config.attributes["now"]
        )
    )
