"""`/select-account`: the user chooses one of the accounts signed in to this browser."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.oauth.authorization.interactions import InteractionKind
from app.pages.authorize.endpoint import answer
from app.pages.sign_in.state import client_of, find_pending, link
from app.pages.support.browser import BrowserDep, PostedFormDep
from app.pages.support.templating import page
from app.pages.support.view_models import view_of_person

router = APIRouter(include_in_schema=False)


@router.get(InteractionKind.SELECT_ACCOUNT)
async def select_account(browser: BrowserDep) -> Response:
    query = browser.request.query_params
    pending = await find_pending(browser, query.get("request_id", ""))
    if not browser.signed_in:
        return browser.keep(RedirectResponse(link("/login", query), status_code=303))
    response = page(
        browser.request,
        "select_account.html",
        posts_may_end_at_client=True,
        client=client_of(browser, pending),
        people=[view_of_person(signed_in) for signed_in in browser.signed_in],
        other_url=link("/login", query, other="1"),
        request_id=query.get("request_id", ""),
        csrf_token=browser.csrf_token,
        errors={},
    )
    return browser.keep(response)


@router.post(InteractionKind.SELECT_ACCOUNT)
async def choose(browser: BrowserDep, form: PostedFormDep) -> Response:
    request_id, authorization = form.get("request_id", ""), browser.services.oauth.authorization
    await authorization.find(request_id)
    signed_in = browser.choose(form.get("session_id", ""))
    if signed_in is None:  # signed out meanwhile
        return browser.keep(RedirectResponse(link("/login", form), status_code=303))
    await authorization.set_session(request_id, signed_in.session.session_id)
    return answer(browser, await authorization.resume(request_id, browser.signed_in))
