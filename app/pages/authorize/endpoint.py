"""`/authorize`, the authorization endpoint (RFC 6749 section 3.1)."""

from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from app.details import Detail
from app.oauth.authorization.endpoint import Interaction, Outcome
from app.oauth.authorization.requests import PARAMETERS, UntrustedRequestError
from app.oauth.authorization.response_modes import AuthorizationResponse
from app.oauth.redirect_uris import app_scheme_of, host_of
from app.oauth.requests import FORM_TYPE
from app.pages.support import Browser, BrowserDep, PendingDep, page_router, see_other
from app.pages.support.negotiation import UI_LOCALES, remember_ui_locales, supported_language
from app.pages.support.responses import form_body, parameters_in
from app.pages.support.templating import page
from app.pages.support.urls import AUTHORIZE, PAGE_OF, RESUME

router = page_router(tags=["Authorization"], include_in_schema=True)

REQUIRED = ("response_type", "client_id")
DESCRIBED = {
    "response_type": "`code`.",
    "client_id": "The client that sends the request.",
    "redirect_uri": "Where to send the response; must be registered by the client.",
    "scope": "Scope names, separated by spaces; include `openid` to get an ID token.",
    "state": "Returned unchanged in the response.",
    "nonce": "Returned unchanged in the ID token.",
    "code_challenge": "PKCE (RFC 7636).",
    "code_challenge_method": "`S256`.",
    "response_mode": "`query`, `fragment` or `form_post`.",
    "prompt": "`none`, `login`, `consent`, `select_account`, `create`.",
    "max_age": "Maximum number of seconds since the user signed in.",
    "acr_values": "Authentication context classes, in order of preference.",
    "login_hint": "The username to prefill on the sign-in page.",
    "id_token_hint": "An ID token of the user who should sign in.",
    "ui_locales": "Preferred languages of the pages.",
    "claims": "Individual claims (OpenID Connect Core section 5.5), as JSON.",
    "resource": "The resource that tokens are requested for (RFC 8707); may be repeated.",
    "request": "A signed request object (RFC 9101).",
    "request_uri": "A pushed request (RFC 9126), or the URL of a request object.",
}
IN_QUERY = [
    {
        "name": name,
        "in": "query",
        "required": name in REQUIRED,
        "description": text,
        "schema": {"type": "string"},
    }
    for name, text in DESCRIBED.items()
]

EXAMPLE = {
    "response_type": "code",
    "client_id": "the-client-id",
    "redirect_uri": "http://localhost:3000/callback",
    "scope": "openid profile",
    "state": "af0ifjsldkj",
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}
RESPONSES: dict[int | str, dict[str, Any]] = {
    303: {"description": "Redirect to the sign-in pages, or to the client with the response."},
    400: {"description": "Error page: the client or its redirect_uri is unknown."},
    413: {"description": "Error page: the request is too large."},
    429: {"description": "Error page: too many requests from this network."},
    503: {"description": "Error page: try again after Retry-After seconds."},
}


@router.get(
    AUTHORIZE,
    response_class=Response,
    status_code=303,
    openapi_extra={"parameters": IN_QUERY},
    responses=RESPONSES,
)
async def authorize(browser: BrowserDep) -> Response:
    """Start an authorization (RFC 6749 section 4.1, OpenID Connect Core).

    The user signs in and gives consent, and the browser returns to the client's `redirect_uri`.
    """
    parameters = parameters_in(browser.request.scope["query_string"], read=PARAMETERS)
    outcome = await browser.services.oauth.authorization.begin(
        parameters, browser.signed_in, browser=browser.identifier
    )
    return answer(browser, outcome)


@router.post(
    AUTHORIZE,
    response_class=Response,
    status_code=303,
    openapi_extra=form_body(DESCRIBED, required=REQUIRED, example=EXAMPLE),
    responses=RESPONSES,
)
async def authorize_by_post(browser: BrowserDep) -> Response:
    """Start an authorization by a form post.

    The parameters are the same as for `GET /authorize`. Browsers send no cookies with a form of
    another site, so the response redirects to a page that can read them.
    """
    content_type = browser.request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != FORM_TYPE.decode():
        raise UntrustedRequestError(Detail.REQUEST_NOT_A_FORM)
    parameters = parameters_in(await browser.request.body(), read=PARAMETERS)
    remember_ui_locales(browser.request, parameters.get(UI_LOCALES))
    stored = await browser.services.oauth.authorization.store(
        parameters, browser=browser.identifier
    )
    if isinstance(stored, AuthorizationResponse):
        return answer(browser, stored)
    language = supported_language(parameters.get(UI_LOCALES, ""))
    query = {"request_id": stored, **({UI_LOCALES: language} if language else {})}
    return see_other(f"{RESUME}?{urlencode(query)}")


@router.get(RESUME, include_in_schema=False)
async def resume(browser: BrowserDep, pending: PendingDep) -> Response:
    outcome = await browser.services.oauth.authorization.resume(pending, browser.signed_in)
    return answer(browser, outcome)


def answer(browser: Browser, outcome: Outcome) -> Response:
    """Send the browser to the page that is required next, or back to the client."""
    if isinstance(outcome, Interaction):
        parameters = {"request_id": outcome.request_id, "ui_locales": outcome.ui_locales or ""}
        query = urlencode({name: value for name, value in parameters.items() if value})
        return see_other(f"{PAGE_OF[outcome.step]}?{query}")
    if not outcome.is_form_post:
        return see_other(outcome.location)
    response = page(
        browser.request,
        "form_post.html",
        posts_may_end_at_client=True,
        action=outcome.redirect_uri,
        host=host_of(outcome.redirect_uri),
        scheme=app_scheme_of(outcome.redirect_uri),
        fields=outcome.parameters,
        errors={},
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
