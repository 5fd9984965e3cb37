"""OpenID Connect: claims, sessions, consents, codes, requests, devices, keys, registration."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from app.database.types import Instant
from migrations import online

revision: str = "2026_11_25_openid"
down_revision: str | None = "2026_11_25_core"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

SALT_ON_SQLITE = "(randomblob(32))"
SALT_ON_POSTGRESQL = (
    "decode(replace(cast(gen_random_uuid() AS text) || cast(gen_random_uuid() AS text), '-', ''),"
    " 'hex')"
)


def upgrade() -> None:
    _upgrade_users()
    trust = sa.Column("trust", sa.String(20), nullable=False, server_default="none")
    online.add_column("clients", trust)
    online.add_column("clients", sa.Column("sector_identifier", sa.String(255)))
    online.add_column("clients", sa.Column("registration_token_digest", sa.LargeBinary()))
    online.add_column("clients", sa.Column("registration_expires_at", Instant()))
    online.add_column("token_families", sa.Column("session_id", sa.String(32)))
    online.add_column("token_families", sa.Column("auth_time", Instant()))
    online.add_column("token_families", sa.Column("acr", sa.String(100)))
    online.add_column("token_families", sa.Column("amr", sa.String(100)))
    online.add_column("token_families", sa.Column("claims", sa.Text()))
    online.create_index("ix_token_families_session_id", "token_families", ["session_id"])
    _create_authorization()
    _create_people()
    _create_servers_own()


def downgrade() -> None:
    for table in (
        "logout_notices", "client_origins", "initial_access_tokens", "spent_identifiers",
        "signing_keys", "device_codes", "consents", "sessions", "authorization_requests",
        "authorization_codes",
    ):  # fmt: skip
        op.drop_table(table)
    op.drop_index("ix_token_families_session_id", "token_families")
    columns = {
        "token_families": ("claims", "amr", "acr", "auth_time", "session_id"),
        "clients": (
            "registration_expires_at", "registration_token_digest", "sector_identifier", "trust",
        ),
        "users": ("pairwise_salt", "claims_updated_at", "claims"),
    }  # fmt: skip
    for table, names in columns.items():
        with op.batch_alter_table(table) as batch:
            for name in names:
                batch.drop_column(name)


def _upgrade_users() -> None:
    """Give each user a salt. Users stored by the previous release get the default."""
    claims = sa.Column("claims", sa.Text(), nullable=False, server_default="{}")
    online.add_column("users", claims)
    online.add_column("users", sa.Column("claims_updated_at", Instant()))
    online.add_column("users", sa.Column("pairwise_salt", sa.LargeBinary()))
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    salt = SALT_ON_POSTGRESQL if is_postgresql else SALT_ON_SQLITE
    if is_postgresql:
        online.run(f"ALTER TABLE users ALTER pairwise_salt SET DEFAULT {salt}")
    users = sa.table("users", sa.column("user_id"), sa.column("pairwise_salt"))
    online.fill(
        users,
        "user_id",
        {"pairwise_salt": sa.text(salt)},
        where=users.c.pairwise_salt.is_(None),
    )
    online.set_not_null("users", "pairwise_salt", like=sa.LargeBinary(), default=salt)


def _create_authorization() -> None:
    op.create_table(
        "authorization_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.String(32), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("credentials_version", sa.String(32), nullable=False),
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("nonce", sa.Text()),
        sa.Column("code_challenge", sa.String(128)),
        sa.Column("claims", sa.Text()),
        sa.Column("auth_time", Instant(), nullable=False),
        sa.Column("acr", sa.String(100), nullable=False),
        sa.Column("amr", sa.String(100), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant()),
        sa.Column("used_for", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("digest", name="pk_authorization_codes"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_authorization_codes_expires_at", "authorization_codes", ["expires_at"])
    op.create_table(
        "authorization_requests",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("session_id", sa.String(32)),
        sa.Column("consent_session_id", sa.String(32)),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("used_at", Instant()),
        sa.PrimaryKeyConstraint("digest", name="pk_authorization_requests"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_authorization_requests_expires_at", "authorization_requests", ["expires_at"]
    )
    op.create_table(
        "device_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_code", sa.String(16), nullable=False),
        sa.Column("family_id", sa.String(32), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("interval", sa.Integer(), nullable=False),
        sa.Column("last_polled_at", Instant()),
        sa.Column("approved_at", Instant()),
        sa.Column("denied_at", Instant()),
        sa.Column("user_id", sa.String(32)),
        sa.Column("credentials_version", sa.String(32)),
        sa.Column("session_id", sa.String(32)),
        sa.Column("auth_time", Instant()),
        sa.Column("acr", sa.String(100)),
        sa.Column("amr", sa.String(100)),
        sa.Column("used_at", Instant()),
        sa.Column("used_for", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("digest", name="pk_device_codes"),
        sa.UniqueConstraint("user_code", name="uq_device_codes_user_code"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_device_codes_expires_at", "device_codes", ["expires_at"])


def _create_people() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("credentials_version", sa.String(32), nullable=False),
        sa.Column("auth_time", Instant(), nullable=False),
        sa.Column("acr", sa.String(100), nullable=False),
        sa.Column("amr", sa.String(100), nullable=False),
        sa.Column("user_agent", sa.String(300), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_seen_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant()),
        sa.PrimaryKeyConstraint("session_id", name="pk_sessions"),
        sa.UniqueConstraint("digest", name="uq_sessions_digest"),
    )
    op.create_index("ix_sessions_user_id", "sessions", ["user_id"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "consents",
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("granted_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "client_id", name="pk_consents"),
    )
    op.create_index("ix_consents_client_id", "consents", ["client_id"])


def _create_servers_own() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String(64), nullable=False),
        sa.Column("algorithm", sa.String(16), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("public_jwk", sa.Text(), nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("signs_from", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
        sa.UniqueConstraint("algorithm", "generation", name="uq_signing_keys_algorithm"),
    )
    op.create_table(
        "spent_identifiers",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("spent_by", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_spent_identifiers"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_spent_identifiers_expires_at", "spent_identifiers", ["expires_at"])
    op.create_table(
        "initial_access_tokens",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_initial_access_tokens"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_initial_access_tokens_expires_at", "initial_access_tokens", ["expires_at"])
    op.create_table(
        "client_origins",
        sa.Column("origin", sa.String(255), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("origin", "client_id", name="pk_client_origins"),
    )
    op.create_index("ix_client_origins_client_id", "client_origins", ["client_id"])
    op.create_table(
        "logout_notices",
        sa.Column("notice_id", sa.String(300), nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.Column("user_id", sa.String(32), nullable=False),
        sa.Column("session_id", sa.String(32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name="pk_logout_notices"),
    )
    op.create_index("ix_logout_notices_next_attempt_at", "logout_notices", ["next_attempt_at"])
