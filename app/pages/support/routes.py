"""The routes of pages: they set the cookies that changed, and show forms again with errors."""

from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.responses import RedirectResponse, Response

from app.errors import OverloadedError, TooManyRequestsError
from app.pages.support.browser import write_cookies
from app.pages.support.forms import Errors, ShowAgainError
from app.pages.support.page_requests import PageRequest
from app.pages.support.rate_limits import rate_limited_message
from app.pages.support.templating import ready

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
AnyRequest = TypeVar("AnyRequest", bound=PageRequest)


class PageRoute(APIRoute):
    """A route that sets the cookies of its browser on the way out.

    The responses to errors get them too, see `app.pages.support.errors`.
    """

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handle_page(request: Request) -> Response:
            await ready(request)
            response = await handle(request)
            write_cookies(request, response)
            return response

        return handle_page


def page_router(**options: Any) -> APIRouter:
    """Return a router of pages, which are not part of the documented API by default."""
    return APIRouter(route_class=PageRoute, **{"include_in_schema": False, **options})


def shows_again(
    page: Callable[[AnyRequest, Errors], Awaitable[Response]],
    *,
    busy: str | None = None,
    shows_limits: bool = True,
) -> Callable[
    [Callable[[AnyRequest], Awaitable[Response]]], Callable[[AnyRequest], Awaitable[Response]]
]:
    """Declare the page that shows the form of a route again, with its errors.

    That is the response to a `ShowAgainError`, and if a rate limit is exceeded, unless
    `shows_limits` is False. If the message `busy` is given, the form is also shown again if the
    server is overloaded.
    """

    def decorate(
        endpoint: Callable[[AnyRequest], Awaitable[Response]],
    ) -> Callable[[AnyRequest], Awaitable[Response]]:
        @wraps(endpoint)
        async def answer(request: AnyRequest) -> Response:
            try:
                return await endpoint(request)
            except ShowAgainError as error:
                errors, status, headers = error.errors, error.status, error.headers
            except TooManyRequestsError as error:
                if not shows_limits:
                    raise
                errors = {"": rate_limited_message(request.browser.request, error)}
                status, headers = error.status, error.headers()
            except OverloadedError:
                if busy is None:
                    raise
                errors, status, headers = {"": request.text(busy)}, 503, {}
            response = await page(request, errors)
            response.status_code = status
            response.headers.update(headers)
            return response

        return answer

    return decorate


def redirect(path: str) -> Response:
    """Return a 303 redirect to a page of this server."""
    return RedirectResponse(path, status_code=303)
