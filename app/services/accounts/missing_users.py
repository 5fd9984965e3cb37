"""Delete what belongs to users that a server of the release before has deleted."""

from datetime import datetime

from app.repositories.accounts.missing_users import MissingUserRepository


class MissingUsers:
    """A task of housekeeping. Each turn checks the next users, and the first ones after the last,
    so that a turn takes the same time in a database of any size."""

    def __init__(self, missing_user_repository: MissingUserRepository) -> None:
        self._missing_user_repository = missing_user_repository
        self._last_checked = ""

    async def delete_due(self, *, before: datetime, limit: int) -> int:
        """Check at most `limit` users, and return how many were missing."""
        del before  # rows of a missing user are never used again
        page = await self._missing_user_repository.list_page(after=self._last_checked, limit=limit)
        missing = [user_id for user_id, is_existing in page if not is_existing]
        deleted = await self._missing_user_repository.delete_rows(missing) if missing else 0
        self._last_checked = page[-1][0] if len(page) >= limit else ""
        return deleted
