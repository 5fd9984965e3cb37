"""Logout tokens that wait are delivered in turns, by client."""

from datetime import timedelta

from sqlalchemy import insert

from app.database.database import Database
from app.models.oauth.logout_notices import logout_notices
from app.repositories.oauth.logout_notices import LogoutNoticeRepository
from tests.repositories.conftest import NOW


async def test_a_client_with_many_logouts_leaves_room_in_a_batch_for_other_clients(
    database: Database,
) -> None:
    """SECURITY_BAR row 43: a slow client must not delay the logout of others"""
    async with database.transaction() as connection:
        for number in range(60):
            await connection.execute(insert(logout_notices).values(row("many", number, NOW)))
        later = NOW + timedelta(seconds=1)
        await connection.execute(insert(logout_notices).values(row("other", 0, later)))
        not_due = NOW + timedelta(seconds=60)
        await connection.execute(insert(logout_notices).values(row("third", 0, not_due)))
    repository = LogoutNoticeRepository(database)

    due = await repository.list_due(now=NOW + timedelta(seconds=2), limit=20)

    assert len(due) == 20
    assert [each.client_id for each in due[:2]] == ["many", "other"]
    assert {each.client_id for each in due[2:]} == {"many"}


def row(client_id: str, number: int, next_attempt_at: object) -> dict[str, object]:
    return {
        "notice_id": f"{client_id}-{number:03}",
        "client_id": client_id,
        "user_id": "a-user",
        "session_id": "a-session",
        "attempts": 0,
        "next_attempt_at": next_attempt_at,
        "created_at": NOW,
    }
