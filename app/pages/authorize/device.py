"""`/device` (RFC 8628 section 3.3): the user enters a device's code and allows or denies access."""

import base64
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.details import Detail
from app.errors import NotFoundError
from app.models.clients.clients import Client
from app.models.oauth.device_codes import DeviceCode
from app.oauth.device import shown_form, stored_form
from app.pages.authorize.no_access import no_access_page
from app.pages.sign_in.state import link
from app.pages.support.browser import Browser, BrowserDep, PostedFormDep, TypedFormDep
from app.pages.support.forms import hints_for
from app.pages.support.languages import in_language, text_for
from app.pages.support.templating import page
from app.pages.support.view_models import view_of_client, view_of_person, views_of_scopes
from app.security import qr_codes
from app.services.accounts.sessions import SignedIn
from app.services.clients.client_fingerprints import fingerprint_of

router = APIRouter(include_in_schema=False)

DECISION = "/device/decision"


@router.get("/device")
async def device(browser: BrowserDep) -> Response:
    """Show the form for the code, or the consent page of the code in the URL.

    A code in the URL still requires consent: the device may be someone else's (section 5.4).
    """
    typed = browser.request.query_params.get("user_code", "")
    return browser.keep(await _next_page(browser, typed) if typed else _code_page(browser, ""))


@router.post("/device")
async def enter_code(browser: BrowserDep, form: TypedFormDep) -> Response:
    typed = form.get("user_code", "")
    if hints := hints_for(browser.request, form, "user_code"):
        return browser.keep(_code_page(browser, typed, hints))
    if await browser.services.oauth.device_authorization.find(typed) is None:
        return browser.keep(_wrong_code(browser, typed))
    url = f"/device?{urlencode({'user_code': typed})}"
    return browser.keep(RedirectResponse(in_language(browser.request, url), status_code=303))


@router.post(DECISION)
async def decide(browser: BrowserDep, form: PostedFormDep) -> Response:
    typed, is_allowed = form.get("user_code", ""), form.get("decision") == "allow"
    signed_in = browser.current
    if signed_in is None or signed_in.session.session_id != form.get("session_id"):
        return browser.keep(await _next_page(browser, typed))  # not the user that the page showed
    if not await browser.services.oauth.device_authorization.decide(
        typed,
        signed_in,
        client_fingerprint=form.get("client_fingerprint", ""),
        is_allowed=is_allowed,
    ):
        return browser.keep(await _next_page(browser, typed))
    response = page(browser.request, "device_done.html", is_allowed=is_allowed, errors={})
    return browser.keep(response)


@router.get("/device/qr")
async def qr_code(browser: BrowserDep) -> Response:
    """Return a QR code of `verification_uri_complete`, for devices that cannot draw one."""
    code_and_client = await browser.services.oauth.device_authorization.find(
        browser.request.query_params.get("user_code", "")
    )
    if code_and_client is None:
        raise NotFoundError(Detail.USER_CODE_UNKNOWN)
    uri = browser.services.oauth.device_authorization.complete_uri(code_and_client[0])
    picture = await browser.services.core.threads.run(qr_codes.png_base64, uri)
    headers = {"Cache-Control": "no-store"}
    return Response(base64.b64decode(picture), media_type="image/png", headers=headers)


async def _next_page(browser: Browser, typed: str) -> Response:
    code_and_client = await browser.services.oauth.device_authorization.find(typed)
    if code_and_client is None:
        return _wrong_code(browser, typed)
    if browser.current is None:
        query = urlencode({"next": "device", "user_code": shown_form(code_and_client[0].user_code)})
        return RedirectResponse(in_language(browser.request, f"/login?{query}"), status_code=303)
    return await _question(browser, *code_and_client, browser.current)


async def _question(
    browser: Browser, code: DeviceCode, client: Client, person: SignedIn
) -> Response:
    user_code = shown_form(code.user_code)
    switch_url = link("/login", {"next": "device", "user_code": user_code})
    if not await browser.services.oauth.device_authorization.is_allowed(client, person):
        return no_access_page(
            browser,
            view_of_client(browser.request, client),
            person,
            switch_url=switch_url,
            action=DECISION,
            fields={
                "user_code": user_code,
                "session_id": person.session.session_id,
                "decision": "deny",
            },
        )
    consent = await browser.services.clients.consents.find(person.user, client)
    return page(
        browser.request,
        "device_confirm.html",
        posts_may_end_at_client=True,
        client=view_of_client(browser.request, client),
        client_fingerprint=fingerprint_of(client),
        person=view_of_person(person),
        switch_url=switch_url,
        scopes=views_of_scopes(browser.request, code.scope.split(), consent),
        user_code=user_code,
        csrf_token=browser.csrf_token,
        errors={},
    )


def _wrong_code(browser: Browser, typed: str) -> Response:
    text = text_for(browser.request)
    wrong = text("We don't recognise that code. Check it against the one on your device.")
    return _code_page(browser, typed, {"user_code": wrong})


def _code_page(browser: Browser, typed: str, errors: dict[str, str] | None = None) -> Response:
    return page(
        browser.request,
        "device.html",
        status=400 if errors else 200,
        posts_may_end_at_client=True,
        user_code=_as_shown(typed),
        csrf_token=browser.csrf_token,
        errors=errors or {},
    )


def _as_shown(typed: str) -> str:
    """Return the code in the form that the device shows; an invalid code stays as it was typed."""
    code = stored_form(typed)
    if code is not None:
        return shown_form(code)
    return typed[:40] if typed.isprintable() else ""
