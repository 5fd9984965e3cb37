"""Emails: stored sealed in the database, then delivered.

Delivery is attempted at once, and retried with growing delays while the mail server does not accept
the email. No request waits for a mail server, and no email is lost with a process.
"""

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from app.clock import Clock
from app.i18n.mail_templates import MailTemplates
from app.models.operations.audit_outbox import NewEvent
from app.models.operations.mails import StoredMail
from app.observability.logging import logger
from app.outbound.email import Email, EmailError, EmailSender
from app.repositories.operations.mails import MailRepository
from app.security.encryption import SealError, SecretBox
from app.security.tokens import new_identifier
from app.services.operations.delivery import BATCH, Delivery

log = logger(__name__)

DELAYS = tuple(timedelta(seconds=wait) for wait in (60, 300, 900, 3600, 10_800, 21_600, 43_200))
"""Delays before each retry, and so for how long an attempt belongs to one worker."""
MAXIMUM_ERROR = 200


class Outbox:
    """Queue of emails to be sent. Each of them may show the `common_values`."""

    def __init__(
        self,
        *,
        mail_repository: MailRepository,
        box: SecretBox,
        clock: Clock,
        templates: MailTemplates,
        common_values: Mapping[str, str],
    ) -> None:
        self._mail_repository = mail_repository
        self._box = box
        self._clock = clock
        self._templates = templates
        self._common_values = common_values
        self.filled = asyncio.Event()

    async def put(self, mail: StoredMail, *, event: NewEvent | None = None) -> None:
        """Store an email and its audit event."""
        await self._mail_repository.add(mail, event=event)
        self.filled.set()

    def mail(
        self,
        recipient: str,
        name: str,
        values: Mapping[str, str],
        *,
        language: str,
        lasts: timedelta | None = None,
    ) -> StoredMail:
        """Return the sealed email of this name, which expires after `lasts`.

        Code that stores it sets `filled` afterwards. An email without a recipient is not sent, but
        takes as long as any other until then.
        """
        now, mail_id = self._clock.now(), new_identifier()
        rendered = self._templates.render(name, language, {**self._common_values, **values})
        content = {
            "kind": name,
            "recipient": recipient,
            **rendered._asdict(),
            "language": language,
            "expires_at": (now + lasts).timestamp() if lasts is not None else None,
        }
        sealed = self._box.seal(json.dumps(content).encode(), context=mail_id)
        return StoredMail(
            mail_id=mail_id, sealed=sealed, attempts=0, next_attempt_at=now, created_at=now
        )


class MailDelivery(Delivery[StoredMail]):
    def __init__(
        self,
        *,
        mail_repository: MailRepository,
        box: SecretBox,
        sender: EmailSender,
        clock: Clock,
        filled: asyncio.Event,
    ) -> None:
        super().__init__(clock, filled, what="mails", at_once=BATCH, at_once_of_party=BATCH)
        self._mail_repository = mail_repository
        self._box = box
        self._sender = sender

    async def _list_due(
        self, *, now: datetime, limit: int, without: Collection[str]
    ) -> Sequence[StoredMail]:
        return await self._mail_repository.list_due(now=now, limit=limit)

    async def _try(self, row: StoredMail) -> bool:
        is_last = row.attempts >= len(DELAYS)
        delay = DELAYS[min(row.attempts, len(DELAYS) - 1)]
        if not await self._mail_repository.take(row, next_attempt_at=self._clock.now() + delay):
            return False  # another worker was first
        is_sent = False
        mail = self._opened(row)
        if mail is not None:
            try:
                await self._unless_stopping(
                    lambda: self._sender.send(mail), EmailError("the server is stopping")
                )
                is_sent = True
            except EmailError as error:
                if self._is_stopping:
                    return False  # the next server process retries it
                log.warning("mail %s was not sent: %s", row.mail_id, error)
                if not (is_last or error.is_final):
                    await self._mail_repository.fail(row.mail_id, str(error)[:MAXIMUM_ERROR])
                    return False
                log.warning("giving up on mail %s", row.mail_id)
        await self._mail_repository.remove(row.mail_id)
        return is_sent

    def _opened(self, stored: StoredMail) -> Email | None:
        """Return the opened email, or None if it must no longer be sent."""
        try:
            content = json.loads(self._box.open(stored.sealed, context=stored.mail_id))
        except SealError as error:
            log.warning("giving up on mail %s: it cannot be opened: %s", stored.mail_id, error)
            return None
        if (
            content["expires_at"] is not None
            and content["expires_at"] <= self._clock.now().timestamp()
        ):
            log.warning("giving up on mail %s: its link has expired", stored.mail_id)
            return None
        if not content["recipient"]:
            return None
        return Email(
            mail_id=stored.mail_id,
            recipient=content["recipient"],
            subject=content["subject"],
            text=content["text"],
            html=content["html"],
            language=content["language"],
            made_at=stored.created_at,
        )
