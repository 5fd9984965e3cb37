"""Error pages: what happened, and what the user can do about it."""

import re
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.errors import (
    ConflictError,
    NotFoundError,
    PosternError,
    TooManyRequestsError,
    UnavailableError,
)
from app.i18n.messages import N_
from app.oauth.authorization.requests import UntrustedRequestError
from app.oauth.client_documents.errors import DocumentBusyError, DocumentError
from app.oauth.redirect_uris import home_of
from app.observability import refusals
from app.pages.support.browser import AnswerInsteadError, GoToError, write_cookies
from app.pages.support.forms import FormExpiredError, UnusableTextError
from app.pages.support.negotiation import in_language, prefers_html, text_for
from app.pages.support.rate_limits import rate_limited_message
from app.pages.support.routes import redirect
from app.pages.support.templating import page, ready
from app.pages.support.view_models import name_of_client

TRY_AGAIN = N_("Go back and try again.")
LOAD_AGAIN = N_("Go back, reload the page and try again.")
CLIENT_ERROR = N_("The app sent a bad request. Send these details to whoever runs the app.")
OUR_PATH = re.compile(r"/(?![/\\])")
SERVER_ERROR = N_("Something went wrong on our side. Try again in a minute.")
TITLED_BY_STATUS = (NotFoundError, ConflictError)
"""Errors whose title says no more than the status. The detail is the heading of their page."""


def install(application: FastAPI) -> None:
    """Install error handlers that show browsers a page; other clients still receive JSON."""

    async def go_to(request: Request, error: Exception) -> Response:
        path = error.path if isinstance(error, GoToError) else "/"
        response = redirect(in_language(request, path))
        write_cookies(request, response)
        return response

    async def answer_instead(request: Request, error: Exception) -> Response:
        if not isinstance(error, AnswerInsteadError):
            raise error
        write_cookies(request, error.response)
        return error.response

    application.add_exception_handler(GoToError, go_to)
    application.add_exception_handler(AnswerInsteadError, answer_instead)
    for kind in (PosternError, HTTPException, Exception):
        default_handler = application.exception_handlers[kind]

        async def handle(
            request: Request, error: Exception, otherwise: object = default_handler
        ) -> Response:
            if prefers_html(request.headers.get("accept", "*/*")):
                await ready(request)  # only the routes of pages have prepared the templates
                page_of_error = error_page(request, error)
                write_cookies(request, page_of_error)
                return page_of_error
            response: Response = await otherwise(request, error)  # type: ignore[operator]  # a handler
            return response

        application.add_exception_handler(kind, handle)


def error_page(request: Request, error: Exception, **values: Any) -> Response:
    """Return the page for an error, with its status and headers; `values` go to its template."""
    text = text_for(request)
    status, heading, message, code = _described(error)
    if isinstance(error, PosternError):
        refusals.note(error)
    else:
        refusals.note_refusal(code, str(getattr(error, "detail", type(error).__name__)))
    if isinstance(error, TooManyRequestsError):
        message = rate_limited_message(request, error)
    again = _again(request, error, status)
    heading, message, advice = text(heading), text(message), text(_advice(error, status))
    if isinstance(error, TITLED_BY_STATUS):
        heading, message, advice = _headed_by_detail(message, advice)
    if isinstance(error, FormExpiredError) and again is not None:
        advice = ""  # the link is the only instruction
    response = page(
        request,
        "error.html",
        **_way_back(request, error),
        **values,
        status=status,
        heading=heading,
        message=message,
        advice=advice,
        details=code,
        again=again,
        errors={},
        request_id=str(request.scope.get("request_id", "")),
    )
    response.headers.update(_headers(error))
    return response


def _way_back(request: Request, error: Exception) -> dict[str, Any]:
    """Return the values for a link back to the client that an outdated link belongs to."""
    client_and_uri = error.came_from if isinstance(error, UntrustedRequestError) else None
    if client_and_uri is None:
        return {}
    client, redirect_uri = client_and_uri
    url = home_of(client, redirect_uri)
    return {"back_url": url, "back_name": name_of_client(request, client)} if url else {}


def _described(error: Exception) -> tuple[int, str, str, str]:
    if isinstance(error, PosternError):
        return error.status, error.title, error.detail, error.error_code
    if isinstance(error, HTTPException):
        phrase = HTTPStatus(error.status_code).phrase
        if error.status_code == HTTPStatus.NOT_FOUND:
            return 404, N_("Page not found"), N_("This page doesn't exist."), "not_found"
        return error.status_code, phrase, phrase, phrase.lower().replace(" ", "_")
    return 500, N_("Something went wrong"), N_("An unexpected error occurred."), "server_error"


def _again(request: Request, error: Exception, status: int) -> str | None:
    """Return the URL of the "try again" link, or None if trying again does not help.

    "" is the same page. After an expired form, it is the page of this server that sent the form.
    """
    if request.method == "GET":
        return "" if status >= 500 else None
    if not isinstance(error, FormExpiredError):
        return None
    try:
        referer = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return None
    is_same_host = referer.netloc == request.headers.get("host")
    if not is_same_host or not OUR_PATH.match(referer.path):
        return None
    return f"{referer.path}?{referer.query}" if referer.query else referer.path


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, PosternError):
        return error.headers()
    return dict(error.headers or {}) if isinstance(error, HTTPException) else {}


def _headed_by_detail(detail: str, advice: str) -> tuple[str, str, str]:
    """Return the heading, message and advice of a page whose heading is the detail.

    The heading is the first sentence. The others say what to do, in place of the general advice.
    """
    heading, _, others = detail.partition(". ")
    return heading.removesuffix("."), "", others or advice


def _advice(error: Exception, status: int) -> str:
    if isinstance(error, DocumentError | DocumentBusyError):
        return ""  # the message says what to do
    if isinstance(error, UnusableTextError):
        return TRY_AGAIN
    if isinstance(error, FormExpiredError):
        return LOAD_AGAIN
    code = error.error_code if isinstance(error, PosternError) else ""
    if code in ("invalid_client", "invalid_redirect_uri", "invalid_request", "invalid_request_uri"):
        return CLIENT_ERROR
    return SERVER_ERROR if status >= 500 or isinstance(error, UnavailableError) else TRY_AGAIN
