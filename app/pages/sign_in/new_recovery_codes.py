"""The page that shows new recovery codes once, in the response to the form that created them."""

from collections.abc import Sequence
from urllib.parse import quote

from starlette.responses import Response

from app.models.accounts.users import User
from app.pages.support import (
    InteractionRequest,
    PageRequestDep,
    continuation_of,
    load_interaction,
    page_router,
    redirect,
)
from app.pages.support.urls import RECOVERY_CODES_SAVED
from app.pages.support.view_models import view_of_user

router = page_router()


def codes_page(request: InteractionRequest, user: User, codes: Sequence[str]) -> Response:
    """Return the page with the codes; they are not stored in plain text, nor in the page's form."""
    lines = (request.services.core.settings.brand_name, user.username, "", *codes, "")
    return request.interaction_page(
        "recovery_codes.html",
        user=view_of_user(user),
        codes=codes,
        file=f"data:text/plain;charset=utf-8,{quote(chr(10).join(lines))}",
    )


@router.post(RECOVERY_CODES_SAVED)
async def saved(request: PageRequestDep) -> Response:
    """Continue to the next page once the user has confirmed that they have saved the codes."""
    request.check()
    if request.fields.get("saved"):
        return redirect(continuation_of(request.browser.request, request.fields).url)
    missing = request.text("Confirm that you've saved your codes. You won't see them again.")
    interaction = await load_interaction(request)
    return interaction.interaction_page(
        "recovery_codes.html", {"saved": missing}, user=None, codes=()
    )
