"""Used authorization codes, and fingerprints of the client data shown when a user consents."""

import hashlib
import json
import re
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from migrations import online

revision: str = "2026_11_28_authorize"
down_revision: str | None = "2026_11_28_operators"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

SEEN = ("client_name", "redirect_uris", "token_endpoint_auth_method", "metadata")
"""Client columns that the consent page shows."""
LOOPBACK_PORT = re.compile(r"^(http://(?:localhost|127\.0\.0\.1|\[::1\])):[0-9]+")


def upgrade() -> None:
    online.add_column("consents", sa.Column("client_fingerprint", sa.String(64)))
    _fill_fingerprints()
    op.create_table(
        "used_codes",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_used_codes"),
    )
    op.create_index("ix_used_codes_family_id", "used_codes", ["family_id"])
    op.execute(
        "INSERT INTO used_codes (digest, family_id)"
        " SELECT digest, family_id FROM authorization_codes"
        " WHERE used_at IS NOT NULL AND family_id IN (SELECT family_id FROM token_families)"
    )


def downgrade() -> None:
    with op.batch_alter_table("consents") as batch:
        batch.drop_column("client_fingerprint")
    op.drop_table("used_codes")


def _fill_fingerprints() -> None:
    """Bind existing consents to the clients as they are now, so that no user is asked again."""
    strings = ("user_id", "client_id", "client_fingerprint")
    consents = sa.table("consents", *(sa.column(name, sa.String()) for name in strings))
    clients = sa.table("clients", *map(sa.column, ("client_id", *SEEN)))
    source = (
        sa.select(consents.c.user_id, consents.c.client_id, *(clients.c[name] for name in SEEN))
        .select_from(consents.join(clients, clients.c.client_id == consents.c.client_id))
        .where(consents.c.client_fingerprint.is_(None))
        .with_for_update(of=consents)
    )
    online.fill_computed(
        consents,
        ["user_id", "client_id"],
        source,
        lambda row: {"client_fingerprint": _fingerprint(*row[2:])},
    )


def _fingerprint(name: str, redirect_uris: str, method: str | None, metadata: str) -> str:
    """Compute the fingerprint as `app.services.client_fingerprints` did at the time of writing."""
    members: dict[str, Any] = json.loads(metadata)
    uris = sorted({LOOPBACK_PORT.sub(r"\1", uri) for uri in redirect_uris.split()})
    is_web = all(uri.startswith("https://") for uri in uris)
    shown = [
        name,
        members.get("logo_uri"),
        uris,
        method or "client_secret_basic",
        members.get("application_type") or ("web" if is_web else "native"),
    ]
    return hashlib.sha256(json.dumps(shown, ensure_ascii=True).encode()).hexdigest()
