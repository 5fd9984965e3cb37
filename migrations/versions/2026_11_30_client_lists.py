"""Index of the words by which clients are found, and indexes for what belongs to a client.

Housekeeping indexes the clients that the previous release registers or renames meanwhile.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.schemas.search_words import client_words_of
from migrations import online

revision: str = "2026_11_30_client_lists"
down_revision: str | None = "2026_11_30_mail_errors"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True

INDEXES: tuple[tuple[str, str, list[str], str | None], ...] = (
    ("ix_audit_events_client_id", "audit_events", ["client_id", "sequence"],
     "client_id IS NOT NULL"),
    ("ix_access_tokens_client_id", "access_tokens", ["client_id", "issued_at"], "user_id IS NULL"),
    ("ix_consents_client_id_user_id", "consents", ["client_id", "user_id"], None),
    ("ix_token_families_client_id_created_at", "token_families", ["client_id", "created_at"], None),
)  # fmt: skip
"""Name, table, columns, and the condition of a partial index."""
REPLACED = (
    ("ix_consents_client_id", "consents"),
    ("ix_token_families_client_id", "token_families"),
)


def upgrade() -> None:
    for name, table, columns, condition in INDEXES:
        online.create_index(name, table, columns, **_options(condition))
    for name, _ in REPLACED:
        online.run(f"DROP INDEX IF EXISTS {name}")
    word = sa.String(128).with_variant(sa.String(128, collation="C"), "postgresql")
    client_search = op.create_table(
        "client_search",
        sa.Column("word", word, nullable=False),
        sa.Column("client_id", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("word", "client_id", name="pk_client_search"),
    )
    clients = sa.table("clients", sa.column("client_id"), sa.column("client_name"))
    online.fill_new_table(
        client_search, sa.select(clients.c.client_id, clients.c.client_name), rows_of=_words_of
    )
    op.create_index("ix_client_search_client_id", "client_search", ["client_id", "word"])


def downgrade() -> None:
    op.drop_table("client_search")
    for name, table in REPLACED:
        op.create_index(name, table, ["client_id"])
    for name, table, *_ in reversed(INDEXES):
        op.drop_index(name, table)


def _words_of(client: Any) -> Iterator[Mapping[str, str]]:
    for word in client_words_of(client.client_id, client.client_name):
        yield {"word": word, "client_id": client.client_id}


def _options(condition: str | None) -> dict[str, Any]:
    if condition is None:
        return {}
    return {"postgresql_where": sa.text(condition), "sqlite_where": sa.text(condition)}
