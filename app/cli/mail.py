"""`postern mail …`: test the mail server, and list the mails that are pending delivery."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Any

from app.cli.base import with_services
from app.cli.bodies import parse_body
from app.cli.listing import pages_of, print_pages
from app.cli.output import show_one
from app.cli.parameters import AsJson, argument
from app.cli.parsing import Commands
from app.i18n.languages import DEFAULT
from app.schemas.mail import MailToTest

if TYPE_CHECKING:
    from app.services.operations.mail_queue import QueuedMail
    from app.wiring import Services

cli = Commands("mail", help="Test the mail server, and list pending mails.")


@cli.command("test")
def send_test(
    address: Annotated[str, argument(metavar="ADDRESS")], *, as_json: AsJson = False
) -> None:
    """Send a test mail through the configured mail server, and say what failed."""
    recipient = parse_body(MailToTest, {"address": address}).address
    with_services(lambda services: services.core.mail_test.send(recipient, language=DEFAULT))
    show_one({"accepted": recipient}, as_json=as_json)


@cli.command("list")
def list_all(*, as_json: AsJson = False) -> None:
    """List the mails that are pending delivery, without their content."""
    print_pages(_pages, as_json=as_json)


async def _pages(services: "Services") -> AsyncIterator[list[dict[str, Any]]]:
    async for mails in pages_of(
        lambda after: services.core.mail_queue.list_page(after=after),
        lambda mail: mail.mail_id,
    ):
        yield [_row(mail) for mail in mails]


def _row(mail: "QueuedMail") -> dict[str, Any]:
    return {
        "mail_id": mail.mail_id,
        "kind": mail.kind,
        "recipient": mail.recipient,
        "attempts": mail.attempts,
        "last_error": mail.last_error,
        "next_attempt_at": mail.next_attempt_at.isoformat(timespec="seconds"),
        "created_at": mail.created_at.isoformat(timespec="seconds"),
    }
