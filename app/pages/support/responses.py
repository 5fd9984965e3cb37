"""Redirects, and the parameters and OpenAPI descriptions of pages that clients send browsers to."""

from collections.abc import Collection, Mapping, Set
from typing import Any

from starlette.responses import RedirectResponse, Response

from app.oauth.authorization.requests import UntrustedRequestError
from app.oauth.errors import InvalidRequestError
from app.oauth.requests import FORM_TYPE, parse_form

NO_TRACE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def parameters_in(
    raw: bytes,
    content_type: bytes = FORM_TYPE,
    *,
    read: Set[str],
    refusal: type[UntrustedRequestError] = UntrustedRequestError,
) -> dict[str, str]:
    """Return the parameters of a query or a form; raise `refusal`, shown as an error page."""
    try:
        return parse_form(raw, content_type, read=read)
    except InvalidRequestError as error:
        raise refusal(str(error.description)) from None


def see_other(url: str) -> Response:
    """Return an uncached 303 redirect to a page or a client, which sends no `Referer`."""
    return RedirectResponse(url, status_code=303, headers=NO_TRACE)


def form_body(
    described: Mapping[str, str], *, required: Collection[str], example: Mapping[str, str]
) -> dict[str, Any]:
    """Return the description of a browser endpoint's form for `/openapi.json`."""
    schema = {
        "type": "object",
        "required": list(required),
        "properties": {
            name: {"type": "string", "description": text} for name, text in described.items()
        },
        "examples": [dict(example)],
    }
    content = {FORM_TYPE.decode(): {"schema": schema}}
    return {"requestBody": {"required": bool(required), "content": content}}
