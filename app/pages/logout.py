"""`/logout` (RP-Initiated Logout 1.0): asks where it is not sure, ends the session, goes on."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.oauth.authorization.requests import UntrustedRequestError
from app.oauth.errors import InvalidRequestError
from app.oauth.logout import LogoutRequest, answer_uri
from app.oauth.redirect_uris import origin_of
from app.oauth.requests import FORM_TYPE, parse_form
from app.pages.browser import Browser, BrowserDep, PostedFormDep
from app.pages.templating import page
from app.pages.views import view_of_client, view_of_person

router = APIRouter(tags=["Authorization"])

PARAMETERS = ("id_token_hint", "client_id", "post_logout_redirect_uri", "state")


@router.get(
    "/logout",
    response_class=Response,
    responses={
        200: {"description": "A page that asks, or that says it is done."},
        303: {"description": "Back to the client."},
        400: {"description": "Nobody registered the address to go back to: an error page."},
    },
)
async def logout(browser: BrowserDep) -> Response:
    """Sign out (OpenID Connect RP-Initiated Logout 1.0)."""
    parameters = _parameters(browser.request.scope["query_string"])
    asked = await browser.services.logout.read(parameters, browser.signed_in)
    if asked.needs_no_question:
        return await _sign_out(browser, asked, parameters, [asked.session] if asked.session else [])
    if not browser.signed_in:
        return await _sign_out(browser, asked, parameters, [])
    return browser.keep(_question(browser, asked, parameters))


@router.post("/logout", response_class=Response, status_code=303)
async def logout_by_post(browser: BrowserDep) -> Response:
    """The same by a form. Another site's form brings no cookies, the redirect after it does."""
    parameters = _parameters(await browser.request.body())
    kept = {name: parameters[name] for name in PARAMETERS if name in parameters}
    return RedirectResponse(f"/logout?{urlencode(kept)}", status_code=303)


@router.post("/logout/confirm", include_in_schema=False)
async def confirm(browser: BrowserDep, form: PostedFormDep) -> Response:
    asked = await browser.services.logout.read(form, browser.signed_in)
    chosen = asked.session or browser.current
    return await _sign_out(browser, asked, form, [chosen] if chosen is not None else [])


async def _sign_out(
    browser: Browser, asked: LogoutRequest, parameters: Mapping[str, str], ended: Sequence[object]
) -> Response:
    frames: list[str] = []
    for each in list(browser.signed_in):
        if each in ended:
            frames += await browser.services.logout.end(each)
            browser.forget(each.session.session_id)
    if ended:
        browser.services.logout_delivery.kick()
    uri = asked.redirect_uri
    onwards = answer_uri(uri, parameters.get("state")) if uri is not None else None
    if onwards is not None and not frames:
        return browser.keep(RedirectResponse(onwards, status_code=303))
    response = page(
        browser.request,
        "logged_out.html",
        frame_src=list(dict.fromkeys(origin_of(frame) for frame in frames)),
        client=view_of_client(asked.client) if asked.client is not None else None,
        frames=frames,
        continue_url=onwards,
        errors={},
    )
    return browser.keep(response)


def _question(browser: Browser, asked: LogoutRequest, parameters: Mapping[str, str]) -> Response:
    person = asked.session or browser.current
    return page(
        browser.request,
        "logout.html",
        form_action=[origin_of(asked.redirect_uri)] if asked.redirect_uri is not None else [],
        client=view_of_client(asked.client) if asked.client is not None else None,
        person=view_of_person(person) if person is not None else None,
        csrf_token=browser.csrf_token,
        hidden={name: parameters[name] for name in PARAMETERS if name in parameters},
        errors={},
    )


def _parameters(raw: bytes) -> dict[str, str]:
    try:
        return parse_form(raw, FORM_TYPE)
    except InvalidRequestError as error:
        raise UntrustedRequestError(str(error.description)) from None
