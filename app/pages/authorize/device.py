"""`/device` (RFC 8628 section 3.3): the user enters a device's code and allows or denies access."""

import base64
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from app.details import Detail
from app.errors import NotFoundError
from app.models.clients.clients import Client
from app.models.oauth.device_codes import DeviceCode
from app.models.oauth.granted_resources import parse_granted
from app.oauth.device import shown_form, stored_form
from app.oauth.login_methods import accepts_session
from app.pages.authorize.no_access import no_access_page
from app.pages.support import (
    Continuation,
    Errors,
    PageRequest,
    PageRequestDep,
    ShowAgainError,
    page_router,
    redirect,
    shows_again,
)
from app.pages.support.continuation import DEVICE_PLACE
from app.pages.support.negotiation import in_language, language_for
from app.pages.support.scope_views import views_of_resources, views_of_scopes
from app.pages.support.urls import DEVICE, LOGIN, STEP_UP
from app.pages.support.view_models import view_of_client, view_of_signed_in
from app.security import qr_codes
from app.services.accounts.sessions import SignedIn
from app.services.clients.client_fingerprints import fingerprint_of

DECISION = f"{DEVICE}/decision"

router = page_router()
pictures = APIRouter(include_in_schema=False)
"""A picture sets no cookies: pages of other sites show it."""


async def code_page(request: PageRequest, errors: Errors | None = None) -> Response:
    return request.page(
        "device.html", errors, posts_may_end_at_client=True, user_code=_as_shown(_typed(request))
    )


@router.get(DEVICE)
@shows_again(code_page, shows_limits=False)
async def device(request: PageRequestDep) -> Response:
    """Show the form for the code, or the consent page of the code in the URL.

    A code in the URL still requires consent: the device may be someone else's (section 5.4).
    """
    return await _next_page(request) if _typed(request) else await code_page(request)


@router.post(DEVICE)
@shows_again(code_page, shows_limits=False)
async def enter_code(request: PageRequestDep) -> Response:
    request.check("user_code")
    typed = _typed(request)
    if await request.services.oauth.device_authorization.find(typed) is None:
        raise _wrong_code(request)
    url = f"{DEVICE}?{urlencode({'user_code': typed})}"
    return redirect(in_language(request.browser.request, url))


@router.post(DECISION)
@shows_again(code_page, shows_limits=False)
async def decide(request: PageRequestDep) -> Response:
    request.check()
    form, signed_in = request.fields, request.browser.current
    is_allowed = form.get("decision") == "allow"
    if signed_in is None or signed_in.session.session_id != form.get("session_id"):
        return await _next_page(request)  # not the user that the page showed
    if not await request.services.oauth.device_authorization.decide(
        _typed(request),
        signed_in,
        client_fingerprint=form.get("client_fingerprint", ""),
        is_allowed=is_allowed,
    ):
        return await _next_page(request)
    return request.page("device_done.html", is_allowed=is_allowed)


@pictures.get(f"{DEVICE}/qr")
async def qr_code(request: PageRequestDep) -> Response:
    """Return a QR code of `verification_uri_complete`, for devices that cannot draw one."""
    device_authorization = request.services.oauth.device_authorization
    code_and_client = await device_authorization.find(_typed(request))
    if code_and_client is None:
        raise NotFoundError(Detail.USER_CODE_UNKNOWN)
    uri = device_authorization.complete_uri(code_and_client[0])
    picture = await request.services.core.threads.run(qr_codes.png_base64, uri)
    headers = {"Cache-Control": "no-store"}
    return Response(base64.b64decode(picture), media_type="image/png", headers=headers)


async def _next_page(request: PageRequest) -> Response:
    """Return the page that asks for consent, or the way to the sign-in page."""
    code_and_client = await request.services.oauth.device_authorization.find(_typed(request))
    if code_and_client is None:
        raise _wrong_code(request)
    code, client = code_and_client
    current = request.browser.current
    if current is None or not accepts_session(client, current.session):
        return redirect(in_language(request.browser.request, _link(LOGIN, code)))
    return await _question(request, code, client, current)


async def _question(
    request: PageRequest, code: DeviceCode, client: Client, signed_in: SignedIn
) -> Response:
    view, switch_url = view_of_client(request.browser.request, client), _link(LOGIN, code)
    user_code = shown_form(code.user_code)
    device_authorization = request.services.oauth.device_authorization
    scope = await device_authorization.scope_for(code, client, signed_in)
    if scope is None:
        return no_access_page(
            request,
            view,
            signed_in,
            switch_url=switch_url,
            action=DECISION,
            fields={
                "user_code": user_code,
                "session_id": signed_in.session.session_id,
                "decision": "deny",
            },
        )
    missing = await device_authorization.missing_factor(scope, client, signed_in)
    if missing is not None:
        page = STEP_UP if missing == "second_factor" else LOGIN
        return redirect(in_language(request.browser.request, _link(page, code)))
    consent = await request.services.clients.consents.find(signed_in.user, client)
    return request.page(
        "device_confirm.html",
        posts_may_end_at_client=True,
        client=view,
        client_fingerprint=fingerprint_of(client),
        user=view_of_signed_in(signed_in),
        switch_url=switch_url,
        scopes=views_of_scopes(
            request.browser.request,
            scope.split(),
            consent,
            catalogue=await request.services.oauth.scope_catalogue.scopes(),
        ),
        resources=await views_of_resources(
            request.browser.request,
            parse_granted(code.resources),
            consent,
            oauth=request.services.oauth,
        ),
        details=await request.services.oauth.authorization_details.sentences(
            code.authorization_details, language=language_for(request.browser.request)
        ),
        user_code=user_code,
    )


def _link(path: str, code: DeviceCode) -> str:
    """Return the URL of a page that leads back to the code of the device."""
    return Continuation(place=DEVICE_PLACE, user_code=shown_form(code.user_code)).link(path)


def _wrong_code(request: PageRequest) -> ShowAgainError:
    wrong = request.text("We don't recognise that code. Check it against the one on your device.")
    return ShowAgainError({"user_code": wrong})


def _typed(request: PageRequest) -> str:
    return request.fields.get("user_code", "")


def _as_shown(typed: str) -> str:
    """Return the code in the form that the device shows; an invalid code stays as it was typed."""
    code = stored_form(typed)
    if code is not None:
        return shown_form(code)
    return typed[:40] if typed.isprintable() else ""
