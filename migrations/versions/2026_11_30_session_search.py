"""Sessions are listed by their sign-in, the newest first."""

from collections.abc import Sequence

from alembic import op

from migrations import online

revision: str = "2026_11_30_session_search"
down_revision: str | None = "2026_11_30_client_lists"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
previous_release_may_serve: bool = True


def upgrade() -> None:
    online.create_index("ix_sessions_auth_time", "sessions", ["auth_time", "session_id"])


def downgrade() -> None:
    op.drop_index("ix_sessions_auth_time", "sessions")
