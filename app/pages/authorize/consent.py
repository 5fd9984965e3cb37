"""`/consent`: shows what a client requests; the user allows or denies it."""

from fastapi import APIRouter
from starlette.responses import Response

from app.oauth.authorization.interactions import InteractionKind, consent_scopes
from app.pages.authorize.endpoint import answer
from app.pages.sign_in.state import client_of, find_pending, link
from app.pages.support.browser import BrowserDep, PostedFormDep
from app.pages.support.templating import page
from app.pages.support.view_models import view_of_person, views_of_scopes
from app.services.clients.client_fingerprints import fingerprint_of

router = APIRouter(include_in_schema=False)


@router.get(InteractionKind.CONSENT)
async def consent(browser: BrowserDep) -> Response:
    query = browser.request.query_params
    authorization = browser.services.oauth.authorization
    pending = await find_pending(browser, query.get("request_id", ""))
    position = await authorization.position(pending, browser.signed_in)
    if position.step is not InteractionKind.CONSENT or position.signed_in is None:
        outcome = await authorization.resume(query.get("request_id", ""), browser.signed_in)
        return answer(browser, outcome)
    request, signed_in = pending.request, position.signed_in
    response = page(
        browser.request,
        "consent.html",
        posts_may_end_at_client=True,
        client=client_of(browser, pending),
        client_fingerprint=fingerprint_of(request.client),
        person=view_of_person(signed_in),
        switch_url=link("/login", query, other="1"),
        scopes=views_of_scopes(browser.request, consent_scopes(request), position.consent),
        request_id=query.get("request_id", ""),
        csrf_token=browser.csrf_token,
        errors={},
    )
    return browser.keep(response)


@router.post(InteractionKind.CONSENT)
async def decide(browser: BrowserDep, form: PostedFormDep) -> Response:
    outcome = await browser.services.oauth.authorization.decide(
        form.get("request_id", ""),
        browser.signed_in,
        session_id=form.get("session_id", ""),
        client_fingerprint=form.get("client_fingerprint", ""),
        is_allowed=form.get("decision") == "allow",
    )
    return answer(browser, outcome)
