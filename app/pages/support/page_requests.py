"""What the route of a page is given: the browser, and the fields of its query or form."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import Response

from app.pages.support.browser import Browser, BrowserDep
from app.pages.support.forms import (
    HINT,
    Errors,
    Fields,
    FieldsDep,
    ShowAgainError,
    UnusableTextError,
)
from app.pages.support.negotiation import language_for
from app.pages.support.templating import page
from app.wiring import Services


@dataclass(frozen=True, slots=True)
class PageRequest:
    """A request for a page."""

    browser: Browser
    fields: Fields

    @property
    def services(self) -> Services:
        return self.browser.services

    @property
    def is_form(self) -> bool:
        """Whether a form was posted."""
        return self.browser.request.method != "GET"

    @property
    def language(self) -> str:
        return language_for(self.browser.request)

    def text(self, message: str) -> str:
        """Translate a message into the user's language."""
        return self.browser.text(message)

    def check(self, *typed: str) -> None:
        """Refuse a form with control characters; `typed` are the fields in which the user types.

        Raise `ShowAgainError` for these fields, and `UnusableTextError` for those that the page
        does not show.
        """
        unclean = self.fields.unclean
        if not unclean:
            return
        if unclean.difference(typed):
            raise UnusableTextError
        hint = self.text(HINT)
        raise ShowAgainError({name: hint for name in typed if name in unclean})

    def page(
        self,
        template: str,
        errors: Errors | None = None,
        *,
        status: int | None = None,
        **values: Any,
    ) -> Response:
        """Return a page whose forms belong to this browser; with errors, its status is 400."""
        return page(
            self.browser.request,
            template,
            status=status or (400 if errors else 200),
            csrf_token=self.browser.csrf_token,
            errors=errors or {},
            **values,
        )


async def get_page_request(browser: BrowserDep, fields: FieldsDep) -> PageRequest:
    return PageRequest(browser, fields)


PageRequestDep = Annotated[PageRequest, Depends(get_page_request)]
