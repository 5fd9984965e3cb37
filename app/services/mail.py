"""Mails: put into the database sealed, and delivered from there: at once, and again with growing
delays where the mail server does not take them.

Nobody who is answered waits for a mail server, and no mail is lost with a process.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta

from app.clock import Clock
from app.errors import DatabaseUnavailableError
from app.models.mails import StoredMail
from app.observability.logging import logger
from app.outbound.email import Email, EmailError, EmailSender
from app.repositories.mails import MailRepository
from app.security.encryption import SealError, SecretBox
from app.security.tokens import new_identifier
from app.texts.rendering import render_mail

log = logger(__name__)

DELAYS = tuple(timedelta(seconds=each) for each in (60, 300, 900, 3600, 10_800, 21_600, 43_200))
"""Before each further attempt, and so for how long an attempt belongs to one worker."""
POLL_SECONDS = 10.0
BATCH = 20


class Outbox:
    """Where mails are put. `brand` and `issuer` are said in each of them."""

    def __init__(
        self, mails: MailRepository, box: SecretBox, clock: Clock, *, brand: str, issuer: str
    ) -> None:
        self._mails = mails
        self._box = box
        self._clock = clock
        self._said_by_all = {"brand": brand, "issuer": issuer}
        self.filled = asyncio.Event()

    async def put(
        self,
        recipient: str,
        name: str,
        values: Mapping[str, str],
        *,
        language: str,
        lasts: timedelta | None = None,
    ) -> None:
        """Writes the mail of that name; it is worth nothing after `lasts`.

        One without recipient goes nowhere, and takes as long as any other until then.
        """
        now, mail_id = self._clock.now(), new_identifier()
        rendered = render_mail(name, language, {**self._said_by_all, **values})
        said = {
            "recipient": recipient,
            **rendered._asdict(),
            "language": language,
            "expires_at": (now + lasts).timestamp() if lasts is not None else None,
        }
        sealed = self._box.seal(json.dumps(said).encode(), context=mail_id)
        await self._mails.add(
            StoredMail(
                mail_id=mail_id, sealed=sealed, attempts=0, next_attempt_at=now, created_at=now
            )
        )
        self.filled.set()


class MailDelivery:
    def __init__(
        self,
        mails: MailRepository,
        box: SecretBox,
        sender: EmailSender,
        clock: Clock,
        filled: asyncio.Event,
    ) -> None:
        self._mails = mails
        self._box = box
        self._sender = sender
        self._clock = clock
        self._filled = filled
        self._sending: set[asyncio.Task[None]] = set()
        self._is_stopping = False

    async def run_forever(self) -> None:
        """Until it is cancelled: what it sends then is left to a later attempt."""
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._filled.wait()
            except TimeoutError:
                pass
            self._filled.clear()
            look = asyncio.create_task(self._look())
            try:
                await asyncio.shield(look)
            except asyncio.CancelledError:
                self._is_stopping = True
                for each in self._sending:
                    each.cancel()
                await look  # no connection to the database is left in the middle of a statement
                raise

    async def run_once(self) -> int:
        """Tries all that is due; gives how many left."""
        delivered, now = 0, self._clock.now()
        while not self._is_stopping:
            due = await self._mails.list_due(now=now, limit=BATCH)
            if not due:
                break
            delivered += sum(await asyncio.gather(*(self._try(each) for each in due)))
        return delivered

    async def _look(self) -> None:
        try:
            await self.run_once()
        except DatabaseUnavailableError:
            log.warning("mails wait: the database is not available")
        except Exception:
            log.exception("the delivery of mails failed and will try again")

    async def _try(self, stored: StoredMail) -> bool:
        is_last = stored.attempts >= len(DELAYS)
        delay = DELAYS[min(stored.attempts, len(DELAYS) - 1)]
        if not await self._mails.take(stored, next_attempt_at=self._clock.now() + delay):
            return False  # another worker was first
        is_sent = False
        mail = self._opened(stored)
        if mail is not None:
            try:
                await self._send(mail)
                is_sent = True
            except EmailError as error:
                if self._is_stopping:
                    return False  # the next server goes on
                log.warning("mail %s was not sent: %s", stored.mail_id, error)
                if not (is_last or error.is_final):
                    return False
                log.warning("mail %s is given up", stored.mail_id)
        await self._mails.remove(stored.mail_id)
        return is_sent

    def _opened(self, stored: StoredMail) -> Email | None:
        """None for one that nobody has to get any more."""
        try:
            said = json.loads(self._box.open(stored.sealed, context=stored.mail_id))
        except SealError as error:
            log.warning("mail %s is given up, it cannot be opened: %s", stored.mail_id, error)
            return None
        if said["expires_at"] is not None and said["expires_at"] <= self._clock.now().timestamp():
            log.warning("mail %s is given up: its link has expired", stored.mail_id)
            return None
        if not said["recipient"]:
            return None
        return Email(
            mail_id=stored.mail_id,
            recipient=said["recipient"],
            subject=said["subject"],
            text=said["text"],
            html=said["html"],
            language=said["language"],
            made_at=stored.created_at,
        )

    async def _send(self, mail: Email) -> None:
        if self._is_stopping:
            raise EmailError("the server stops")
        sending = asyncio.create_task(self._sender.send(mail))
        self._sending.add(sending)
        try:
            await sending
        except asyncio.CancelledError:
            if not self._is_stopping:
                raise
            raise EmailError("the server stops") from None
        finally:
            self._sending.discard(sending)
