"""`/admin/mail`: mails that are pending delivery, without subject, text or links."""

from starlette.responses import Response

from app.i18n.messages import N_
from app.pages.admin.base import ConsoleRequestDep, console_router
from app.pages.admin.navigation import Section, url_of
from app.pages.admin.pages import ConsolePage
from app.pages.admin.paging import AFTER, PAGE_SIZE, pages_of
from app.pages.admin.views import Cell, Listing, Table
from app.schemas.admin_scopes import AdminScope

router = console_router()

PLACE = "mail"
PATH = url_of(PLACE)


@router.get(PATH)
async def list_mails(request: ConsoleRequestDep) -> Response:
    text = request.text
    mails = await request.services.core.mail_queue.list_page(
        after=request.query(AFTER), limit=PAGE_SIZE + 1
    )
    shown, pager = pages_of(request, mails, position=lambda mail: {AFTER: mail.mail_id})
    listing = Listing(
        heading=text("Mail queue"),
        introduction=text("Mails that are not delivered yet. Failed ones are retried."),
        table=Table(
            columns=[
                *(text("Kind"), text("Recipient"), text("Attempts"), text("Last error")),
                text("Next attempt"),
            ],
            rows=[
                [
                    Cell(mail.kind or "", words=text("Unknown")),
                    Cell(mail.recipient or "", words=text("Unknown")),
                    Cell(str(mail.attempts)),
                    Cell(mail.last_error or "", words=text("None")),
                    Cell(at=mail.next_attempt_at),
                ]
                for mail in shown
            ],
            empty=text("No mail is pending. Mails appear here until the mail server takes them."),
        ),
        pager=pager,
    )
    return request.console_page("admin_list.html", listing=listing)


PAGE = ConsolePage(
    place=PLACE,
    label=N_("Mail queue"),
    section=Section.SERVER,
    scope=AdminScope.MAIL_READ,
    routers=(router,),
)
