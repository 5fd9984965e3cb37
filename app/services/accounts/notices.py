"""Notify users by email about what happened to their accounts."""

from app.clock import Clock
from app.errors import DatabaseUnavailableError
from app.i18n.languages import first_known
from app.models.accounts.users import User
from app.observability import request_context
from app.observability.logging import logger
from app.services.accounts.events import AccountEvent
from app.services.operations.mail import Outbox

log = logger(__name__)


class Notices:
    """Notifications to users. Without a mail server or a verified address none are sent."""

    def __init__(self, outbox: Outbox | None, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def send(
        self, user: User, event: AccountEvent, *, language: str | None = None, **values: str
    ) -> None:
        """Send the owner of an account the email of this event.

        The email states when and from where it happened; `values` of the same names override that.
        A failure to send it is only logged, since the change itself is complete.
        """
        recipient = user.standard_claims.verified_email
        if self._outbox is None or recipient is None:
            return
        is_by_operator = bool(request_context.actor())
        mail_values = {
            "username": user.username,
            "at": self._clock.now().strftime("%Y-%m-%d %H:%M UTC"),
            "address": "" if is_by_operator else request_context.address(),
            "by_operator": "yes" if is_by_operator else "",
            **values,
        }
        try:
            language = language or language_of(user)
            await self._outbox.put(
                self._outbox.mail(recipient, event.mail, mail_values, language=language)
            )
        except LookupError:
            log.exception("there is no mail about %s", event)
        except DatabaseUnavailableError:
            log.warning(
                "user %s was not notified by email (%s): the database is not available",
                user.user_id,
                event,
            )


def language_of(user: User) -> str:
    """Return the language in the user's profile, or else that of the current request."""
    locale = user.standard_claims.locale
    return first_known([*([locale] if locale else []), *request_context.languages()])
