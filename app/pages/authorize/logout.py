"""`/logout` (RP-Initiated Logout 1.0): confirm if necessary, end the session, redirect."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.responses import Response

from app.models.clients.clients import Client
from app.oauth.logout import LogoutRequest, UntrustedLogoutError, answer_uri
from app.oauth.redirect_uris import origin_of
from app.oauth.requests import FORM_TYPE
from app.pages.support import Browser, BrowserDep, PageRequestDep, page_router, see_other
from app.pages.support.errors import error_page
from app.pages.support.negotiation import UI_LOCALES
from app.pages.support.responses import form_body, parameters_in
from app.pages.support.templating import page
from app.pages.support.urls import LOGOUT
from app.pages.support.view_models import view_of_client, view_of_signed_in
from app.services.accounts.events import AccountEvent

router = page_router(tags=["Authorization"], include_in_schema=True)

DESCRIBED = {
    "id_token_hint": "An ID token of the session to end.",
    "logout_hint": "The user to sign out.",
    "client_id": "The client that sends the request.",
    "post_logout_redirect_uri": (
        "Where to redirect the browser afterwards; must be registered by the client."
    ),
    "state": "Returned unchanged in the response.",
    UI_LOCALES: "Preferred languages of the pages.",
}
PARAMETERS = tuple(DESCRIBED)
EXAMPLE = {"client_id": "the-client-id", "state": "af0ifjsldkj"}
SESSION = "session_id"
"""The form field with the session of the user that the page names.

Another user may be the current one when the form is posted.
"""


@router.get(
    LOGOUT,
    response_class=Response,
    responses={
        200: {"description": "A page that asks for confirmation, or confirms the sign-out."},
        303: {"description": "Redirect to the client."},
        400: {"description": "Error page: the post_logout_redirect_uri is not registered."},
    },
)
async def logout(browser: BrowserDep) -> Response:
    """Sign a user out (OpenID Connect RP-Initiated Logout 1.0)."""
    parameters = _parameters(browser.request.scope["query_string"])
    try:
        logout_request = await browser.services.oauth.logout.read(parameters, browser.signed_in)
    except UntrustedLogoutError as error:
        return _untrusted(browser, error)
    if logout_request.session is None:
        return _signed_out(browser, logout_request, parameters, goes_on=logout_request.has_hint)
    if not logout_request.needs_no_question:
        return _question(browser, logout_request, parameters)
    frames = await end_session(browser, logout_request.session.session.session_id)
    return _signed_out(browser, logout_request, parameters, frames)


@router.post(
    LOGOUT,
    response_class=Response,
    status_code=303,
    openapi_extra=form_body(DESCRIBED, required=(), example=EXAMPLE),
    responses={
        303: {"description": "Redirect to the same request by GET."},
        400: {"description": "Error page: the request is malformed."},
        413: {"description": "Error page: the request is too large."},
        503: {"description": "Error page: try again after Retry-After seconds."},
    },
)
async def logout_by_post(browser: BrowserDep) -> Response:
    """Sign a user out by a form post.

    The parameters are the same as for `GET /logout`. Browsers send no cookies with a form of
    another site, so the response redirects to `GET /logout`.
    """
    content_type = browser.request.headers.get("content-type", "").encode("latin-1")
    parameters = _known(_parameters(await browser.request.body(), content_type))
    return see_other(f"{LOGOUT}?{urlencode(parameters)}" if parameters else LOGOUT)


@router.post(f"{LOGOUT}/confirm", include_in_schema=False)
async def confirm(request: PageRequestDep) -> Response:
    request.check()
    browser, form = request.browser, request.fields
    logout_request = await browser.services.oauth.logout.read(form, browser.signed_in)
    frames = await end_session(browser, form.get(SESSION, ""))
    return _signed_out(browser, logout_request, form, frames)


async def end_session(browser: Browser, session_id: str) -> list[str]:
    """End a session of this browser and return the front-channel logout URLs to load in frames."""
    signed_in = browser.find(session_id)
    if signed_in is None:
        return []  # the user signed out meanwhile, or was never signed in to this browser
    event = browser.services.core.audit.event(
        AccountEvent.SESSION_ENDED, user_id=signed_in.user.user_id
    )
    frames = await browser.services.oauth.logout.end(session_id, event=event)
    browser.forget(session_id)  # not before: if the session has not ended, the user tries again
    return frames


def signed_out_page(
    browser: Browser,
    frames: list[str],
    *,
    client: Client | None = None,
    continue_url: str | None = None,
) -> Response:
    """Return the "signed out" page, which notifies clients in frames before it continues."""
    return page(
        browser.request,
        "logged_out.html",
        frame_src=list(dict.fromkeys(origin_of(frame) for frame in frames)),
        client=view_of_client(browser.request, client) if client is not None else None,
        frames=frames,
        continue_url=continue_url,
        errors={},
    )


def _signed_out(
    browser: Browser,
    logout_request: LogoutRequest,
    parameters: Mapping[str, str],
    frames: list[str] | None = None,
    *,
    goes_on: bool = True,
) -> Response:
    """Redirect to the client; without `goes_on`, or with frames to load, show a page instead.

    The page links to the client.
    """
    redirect_uri = logout_request.redirect_uri
    continue_url = (
        answer_uri(redirect_uri, parameters.get("state")) if redirect_uri is not None else None
    )
    if continue_url is not None and goes_on and not frames:
        return see_other(continue_url)
    return signed_out_page(
        browser, frames or [], client=logout_request.client, continue_url=continue_url
    )


def _untrusted(browser: Browser, error: UntrustedLogoutError) -> Response:
    """Return an error page on which a signed-in user can still sign out, without a redirect."""
    if browser.current is None:
        raise error
    values = {"user": view_of_signed_in(browser.current), "csrf_token": browser.csrf_token}
    return error_page(browser.request, error, **values)


def _question(
    browser: Browser, logout_request: LogoutRequest, parameters: Mapping[str, str]
) -> Response:
    signed_in, client = logout_request.session, logout_request.client
    session_id = signed_in.session.session_id if signed_in is not None else ""
    return page(
        browser.request,
        "logout.html",
        posts_may_end_at_client=logout_request.redirect_uri is not None,
        client=view_of_client(browser.request, client) if client is not None else None,
        user=view_of_signed_in(signed_in) if signed_in is not None else None,
        csrf_token=browser.csrf_token,
        hidden={
            **{name: value for name, value in _known(parameters).items() if name != UI_LOCALES},
            SESSION: session_id,
        },
        errors={},
    )


def _known(parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a logout request, without others."""
    return {name: parameters[name] for name in PARAMETERS if name in parameters}


def _parameters(raw: bytes, content_type: bytes = FORM_TYPE) -> dict[str, str]:
    return parameters_in(
        raw, content_type, read=frozenset(PARAMETERS), refusal=UntrustedLogoutError
    )
