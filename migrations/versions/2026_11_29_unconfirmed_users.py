"""List of users who never confirmed a second factor, for housekeeping."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant

revision: str = "2026_11_29_unconfirmed_users"
down_revision: str | None = "2026_11_29_audit_outbox"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

SIGNS_OF_USE = ("passkeys", "upstream_identities", "sessions", "token_families", "consents")
"""Tables with a row for each user who has signed in, or who can sign in another way."""
OTHER_WAYS = (
    "otp.confirmed",
    "otp.reset",
    "sign_in.succeeded",
    "passkey.added",
    "upstream.account_created",
    "upstream.linked",
)
"""Events of users who once had a second factor, or another way to sign in."""

CONFIRMATION = ("otp_confirmed_at", "otp_secret")


def upgrade() -> None:
    """Create the list. The previous release adds no rows: users it registers meanwhile are kept."""
    op.create_table(
        "unconfirmed_users",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", name="pk_unconfirmed_users"),
    )
    users = sa.table("users", *map(sa.column, ("user_id", "created_at", *CONFIRMATION)))
    conditions: list[sa.ColumnElement[bool]] = [
        users.c.otp_confirmed_at.is_(None),
        users.c.otp_secret.is_not(None),
    ]
    for name in SIGNS_OF_USE:
        sign_of_use = sa.table(name, sa.column("user_id"))
        conditions.append(~sa.exists().where(sign_of_use.c.user_id == users.c.user_id))
    for name in ("audit_events", "audit_outbox"):
        event = sa.table(name, sa.column("user_id"), sa.column("action"))
        has_event = sa.exists().where(
            event.c.user_id == users.c.user_id, event.c.action.in_(OTHER_WAYS)
        )
        conditions.append(~has_event)
    op.execute(
        sa.insert(
            sa.table("unconfirmed_users", sa.column("user_id"), sa.column("since"))
        ).from_select(
            ["user_id", "since"], sa.select(users.c.user_id, users.c.created_at).where(*conditions)
        )
    )
    op.create_index("ix_unconfirmed_users_since", "unconfirmed_users", ["since"])


def downgrade() -> None:
    op.drop_table("unconfirmed_users")
