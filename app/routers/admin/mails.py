"""Mails that are pending delivery."""

from app.dependencies import CoreDep
from app.routers.admin.access import require
from app.routers.admin.cursors import PageDep
from app.routers.admin.routes import admin_router
from app.schemas.admin.mails import MailList, MailResource
from app.schemas.admin_scopes import AdminScope

READS = require(AdminScope.MAIL_READ)

router = admin_router("mails", tag="Mails")


@router.get("", dependencies=[READS])
async def list_mails(core: CoreDep, page: PageDep) -> MailList:
    """List pending mails: their kind and recipient, and why they were not delivered."""
    rows = await core.mail_queue.list_page(after=page.last, limit=page.size)
    mails, cursor = page.cut(rows, lambda mail: mail.mail_id)
    items = [MailResource.model_validate(mail, from_attributes=True) for mail in mails]
    return MailList(items=items, next_cursor=cursor)
