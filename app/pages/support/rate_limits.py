"""The errors on a page after a rate limit was exceeded, with the time to wait."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Request

from app.errors import TooManyRequestsError
from app.pages.support.forms import ShowAgainError
from app.pages.support.negotiation import text_for
from app.pages.support.page_requests import PageRequest

A_MINUTE = 60
AN_HOUR = 3600


def rate_limited_message(request: Request, error: TooManyRequestsError) -> str:
    text, seconds = text_for(request), error.retry_after
    if seconds <= 1:
        return text("Too many attempts. Try again in a moment.")
    if seconds <= 2 * A_MINUTE:
        return text("Too many attempts. Try again in %(number)d seconds.") % {"number": seconds}
    if seconds <= 2 * AN_HOUR:
        return text("Too many attempts. Try again in %(number)d minutes.") % {
            "number": math.ceil(seconds / A_MINUTE)
        }
    return text("Too many attempts. Try again in %(number)d hours.") % {
        "number": math.ceil(seconds / AN_HOUR)
    }


@contextmanager
def limited_emails(request: PageRequest) -> Iterator[None]:
    """Show the form again if too many emails were requested."""
    try:
        yield
    except TooManyRequestsError as error:
        wait = request.text("Too many emails requested. Try again in %(minutes)s min.")
        errors = {"": wait % {"minutes": math.ceil(error.retry_after / A_MINUTE)}}
        raise ShowAgainError(errors, status=error.status, headers=error.headers()) from None
