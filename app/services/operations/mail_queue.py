"""The mails that are pending delivery, as administrators see them.

Neither their subject nor their text is shown: they contain valid links.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.models.operations.mails import StoredMail
from app.repositories.operations.mails import MailRepository
from app.security.encryption import SealError, SecretBox


@dataclass(frozen=True, slots=True)
class QueuedMail:
    """A pending mail. `kind` and `recipient` are None if it cannot be opened.

    `kind` is also None for a mail of the release before.
    """

    mail_id: str
    kind: str | None
    recipient: str | None
    attempts: int
    last_error: str | None
    next_attempt_at: datetime
    created_at: datetime


class MailQueue:
    def __init__(self, mail_repository: MailRepository, box: SecretBox) -> None:
        self._mail_repository = mail_repository
        self._box = box

    async def list_page(self, *, after: str = "", limit: int = 100) -> Sequence[QueuedMail]:
        """Return a page of pending mails, ordered by id, beginning after the id `after`."""
        stored = await self._mail_repository.list_page(after=after, limit=limit)
        return [self._shown(each) for each in stored]

    def _shown(self, stored: StoredMail) -> QueuedMail:
        try:
            content: dict[str, Any] = json.loads(
                self._box.open(stored.sealed, context=stored.mail_id)
            )
        except SealError:
            content = {}
        return QueuedMail(
            mail_id=stored.mail_id,
            kind=content.get("kind"),
            recipient=content.get("recipient"),
            attempts=stored.attempts,
            last_error=stored.last_error,
            next_attempt_at=stored.next_attempt_at,
            created_at=stored.created_at,
        )
