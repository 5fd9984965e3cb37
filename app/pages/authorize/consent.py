"""`/consent`: shows what a client requests; the user allows or denies it."""

from starlette.responses import Response

from app.oauth.authorization.interactions import InteractionKind, consent_scopes
from app.pages.authorize.endpoint import answer
from app.pages.support import InteractionRequestDep, PendingDep, page_router
from app.pages.support.negotiation import language_for
from app.pages.support.scope_views import views_of_resources, views_of_scopes
from app.pages.support.urls import CONSENT, LOGIN
from app.pages.support.view_models import view_of_signed_in
from app.services.clients.client_fingerprints import fingerprint_of

router = page_router()


@router.get(CONSENT)
async def consent(request: InteractionRequestDep, pending: PendingDep) -> Response:
    browser, authorization = request.browser, request.services.oauth.authorization
    position = await authorization.position(pending, browser.signed_in)
    if position.step is not InteractionKind.CONSENT or position.signed_in is None:
        return answer(browser, await authorization.go_on(pending, position))
    authorization_request, signed_in = pending.request, position.signed_in
    return request.page(
        "consent.html",
        posts_may_end_at_client=True,
        client=request.client,
        client_fingerprint=fingerprint_of(authorization_request.client),
        user=view_of_signed_in(signed_in),
        switch_url=request.link(LOGIN, other="1"),
        scopes=views_of_scopes(
            browser.request,
            consent_scopes(authorization_request, position.scope),
            position.consent,
            catalogue=await request.services.oauth.scope_catalogue.scopes(),
        ),
        resources=await views_of_resources(
            browser.request,
            authorization_request.granted,
            position.consent,
            oauth=request.services.oauth,
        ),
        details=await request.services.oauth.authorization_details.sentences(
            authorization_request.details, language=language_for(browser.request)
        ),
        request_id=pending.request_id,
    )


@router.post(CONSENT)
async def decide(request: InteractionRequestDep, pending: PendingDep) -> Response:
    request.check()
    form = request.fields
    outcome = await request.services.oauth.authorization.decide(
        pending,
        request.browser.signed_in,
        session_id=form.get("session_id", ""),
        client_fingerprint=form.get("client_fingerprint", ""),
        is_allowed=form.get("decision") == "allow",
    )
    return answer(request.browser, outcome)
