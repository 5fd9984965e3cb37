"""Shared by the pages of the console: their request, and the routers of their routes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from app.details import Detail
from app.errors import ConflictError, ForbiddenError
from app.i18n.messages import N_
from app.models.accounts.users import User
from app.observability import request_context
from app.pages.admin.access import authority_in_console, place_of, remember_visit
from app.pages.admin.navigation import Entry, NavigationSection, navigation_at
from app.pages.admin.views import Link
from app.pages.sign_in.recent_sign_in import is_fresh, sign_in_again_url
from app.pages.support import (
    Continuation,
    Errors,
    GoToError,
    PageRequest,
    PageRequestDep,
    page_router,
)
from app.pages.support.urls import LOGIN
from app.pages.support.view_models import view_of_signed_in
from app.security.text import is_storable
from app.services.accounts.sessions import SignedIn
from app.services.operations.authority import Authority

NEW = "+new"
"""The last part of the path at which an object is created; it is never the id of one."""
PAGE_SESSION_FIELD = "page_session_id"
"""The form field with the id of the session that a page was shown for; `hidden()` in `parts.html`
renders it."""

DONE = {
    "created": N_("Created."),
    "saved": N_("Your changes have been saved."),
    "deleted": N_("Deleted."),
    "added": N_("Added."),
    "removed": N_("Removed."),
    "accepted": N_("The receiver accepted the test event."),
}
"""Messages after a change, by the value of `done` in the query of the page that is shown then."""


@dataclass(frozen=True, slots=True)
class ConsoleRequest(PageRequest):
    """A request for a page of the console, with what its user may do."""

    signed_in: SignedIn
    authority: Authority

    @property
    def user(self) -> User:
        return self.signed_in.user

    @property
    def path(self) -> str:
        return self.browser.request.url.path

    def path_parameter(self, name: str) -> str:
        return str(self.browser.request.path_params[name])

    def query(self, name: str) -> str:
        """Return a value of the query without white space around it; "" if it is unusable."""
        value = self.fields.get(name, "").strip()
        return value if is_storable(value) else ""

    def offered(self, *links: Link) -> Sequence[Link]:
        """Return links to changes, which only administrators are offered."""
        return links if self.authority.is_full else ()

    def console_page(
        self,
        template: str,
        errors: Errors | None = None,
        *,
        status: int | None = None,
        **values: Any,
    ) -> Response:
        """Return a page of the console."""
        return self.page(
            template,
            errors,
            status=status,
            user=view_of_signed_in(self.signed_in),
            page_session_id=self.signed_in.session.session_id,
            navigation=self._navigation(),
            can_change=self.authority.is_full,
            done=self._done() if not errors else "",
            **values,
        )

    def _done(self) -> str:
        message = DONE.get(self.fields.get("done", "")) if not self.is_form else None
        return self.text(message) if message is not None else ""

    def _navigation(self) -> Sequence[NavigationSection]:
        pages: Sequence[Entry] = self.browser.request.app.state.console_pages
        readable = [page for page in pages if self.authority.has(page.scope)]
        return navigation_at(self.path, readable, translate=self.text)


async def get_console_request(request: PageRequestDep) -> ConsoleRequest:
    """Return the request of an administrator or an auditor.

    Without a user who is signed in, redirect to the sign-in page. A form is refused if it was shown
    to another user of this browser.
    """
    browser, current = request.browser, request.browser.current
    if current is None:
        raise GoToError(Continuation(place=place_of(browser)).link(LOGIN))
    authority = await authority_in_console(request, current)
    if request.is_form and request.fields.get(PAGE_SESSION_FIELD) != current.session.session_id:
        raise ConflictError(Detail.FORM_OF_ANOTHER_ACCOUNT)
    request_context.act_as(f"user:{current.user.user_id}")
    remember_visit(browser, current.session)
    return ConsoleRequest(browser, request.fields, current, authority)


ConsoleRequestDep = Annotated[ConsoleRequest, Depends(get_console_request)]


async def require_administrator(request: ConsoleRequestDep) -> None:
    """Refuse a page that changes something, and its form, to an auditor."""
    if not request.authority.is_full:
        raise ForbiddenError(Detail.CONSOLE_READ_ONLY)


async def require_fresh_sign_in(
    request: ConsoleRequestDep, _administrator: Annotated[None, Depends(require_administrator)]
) -> None:
    """Require a recent sign-in for a dangerous change; the user returns to its page."""
    if not is_fresh(request.browser, request.signed_in):
        place = place_of(request.browser)
        raise GoToError(await sign_in_again_url(request.browser, request.signed_in, place))


def console_router() -> APIRouter:
    """Return a router for routes that only read."""
    return page_router(dependencies=[Depends(get_console_request)])


def changes_router() -> APIRouter:
    """Return a router for routes of administrators, who change something there."""
    return page_router(dependencies=[Depends(require_administrator)])


def dangerous_router() -> APIRouter:
    """Return a router for changes that need a recent sign-in: deletions, resets, roles, secrets."""
    return page_router(dependencies=[Depends(require_fresh_sign_in)])
