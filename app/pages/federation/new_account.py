"""`/login/new-here`: sign-up of a user who has signed in at an identity provider."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from app.errors import ConflictError, InvalidInputError
from app.models.federation.identity_providers import IdentityProvider
from app.pages.federation.callback import sign_in_by_provider
from app.pages.federation.state import PENDING_ACCOUNT, PendingAccount
from app.pages.sign_in.create_account import require_open_sign_up
from app.pages.sign_in.second_factor import start_again
from app.pages.support import (
    Errors,
    Fields,
    GoToError,
    InteractionRequest,
    PageRequest,
    PageRequestDep,
    ShowAgainError,
    load_interaction,
    page_router,
    shows_again,
)
from app.pages.support.urls import LOGIN, NEW_HERE

router = page_router()


@dataclass(frozen=True, slots=True)
class NewAccountRequest(PageRequest):
    """A request for the page, with the external identity in the cookie; it has no account yet.

    `interaction` is the one in which the user went to the provider.
    """

    pending_account: PendingAccount
    provider: IdentityProvider
    interaction: InteractionRequest


async def get_new_account_request(request: PageRequestDep) -> NewAccountRequest:
    """Return the request; a form is only valid for the external identity that its page showed."""
    pending_account = PENDING_ACCOUNT.get(request.browser)
    if request.is_form and (
        pending_account is None or pending_account.state != request.fields.get("state")
    ):
        raise GoToError(NEW_HERE)
    if pending_account is None:
        raise start_again(request)
    if request.is_form:
        await require_open_sign_up(request)
    provider = await request.services.federation.identity_providers.get_enabled(
        pending_account.identity.provider
    )
    interaction = await load_interaction(request, Fields(pending_account.given))
    return NewAccountRequest(
        request.browser, request.fields, pending_account, provider, interaction
    )


NewAccountRequestDep = Annotated[NewAccountRequest, Depends(get_new_account_request)]


async def new_account_page(request: NewAccountRequest, errors: Errors | None = None) -> Response:
    identity, interaction = request.pending_account.identity, request.interaction
    to_connections = replace(interaction.continuation, request_id="", place="connections")
    return interaction.interaction_page(
        "upstream_new.html",
        errors,
        label=request.provider.label,
        identity=identity.label,
        state=request.pending_account.state,
        username=request.fields.get("username", "") if request.is_form else identity.username,
        can_register=request.services.core.registration_policy.is_open_to_users,
        login_url=to_connections.link(LOGIN),
    )


@router.get(NEW_HERE)
async def new_here(request: NewAccountRequestDep) -> Response:
    return await new_account_page(request)


@router.post(NEW_HERE)
@shows_again(new_account_page)
async def create_account(request: NewAccountRequestDep) -> Response:
    """Create an account for the external identity in the cookie; the form only adds a username."""
    request.check("username")
    services, username = request.services, request.fields.get("username", "")
    try:
        await services.core.limits.count_registration()
        user = await services.federation.identity_providers.create_account(
            username, request.pending_account.identity
        )
    except (InvalidInputError, ConflictError) as error:
        raise ShowAgainError({error.field or "": request.text(error.detail)}) from None
    await services.federation.group_mappings.renew(
        user, request.provider, request.pending_account.groups
    )
    await services.accounts.email_verification.welcome(user, language=request.language)
    now = services.core.clock.now()  # a new account holds nothing to protect from an old sign-in
    return await sign_in_by_provider(
        request.interaction, user, provider=request.provider.name, auth_time=now
    )
