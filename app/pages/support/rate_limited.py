"""The error on a page after a rate limit was exceeded, with the time to wait."""

import math
from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request
from starlette.responses import Response

from app.errors import TooManyRequestsError
from app.pages.support.languages import text_for

A_MINUTE = 60
AN_HOUR = 3600

PageWithErrors = Callable[[Mapping[str, str]], Awaitable[Response]]


async def rate_limited_page(
    request: Request, error: TooManyRequestsError, page: PageWithErrors
) -> Response:
    """Show the form again with the error, status 429 and its headers.

    `page` renders the form's page from its errors, keyed by field.
    """
    response = await page({"": rate_limited_message(request, error)})
    response.status_code = error.status
    response.headers.update(error.headers())
    return response


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
