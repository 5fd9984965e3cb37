"""The second factor of a sign-in: who is asked for it, and the pages on which it is given."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from starlette.responses import Response

from app.models.accounts.sessions import Session
from app.models.accounts.users import User
from app.pages.sign_in.completion import asks_to_stay, complete
from app.pages.sign_in.requirements import requirement_for
from app.pages.sign_in.state import SignInState, find_sign_in, store_sign_in
from app.pages.sign_in.trusted_browsers import is_remembered, remembered_days
from app.pages.support import (
    Browser,
    Errors,
    GoToError,
    InteractionRequest,
    PageRequest,
    PageRequestDep,
    continuation_of,
    load_interaction,
    redirect,
)
from app.pages.support.urls import ENROLL, LOGIN, OTP
from app.pages.support.view_models import view_of_user
from app.services.accounts.sessions import AMR_PASSWORD

PAGE_USERNAME_FIELD = "page_username"


@dataclass(frozen=True, slots=True)
class SecondFactorRequest(InteractionRequest):
    """A request for a page that is only shown to a user who has given the first factor."""

    sign_in: SignInState

    @property
    def user(self) -> User:
        return self.sign_in.user

    def second_factor_page(
        self, template: str, errors: Errors | None = None, **values: Any
    ) -> Response:
        """Return a page whose forms are only valid for the user that it shows."""
        return self.interaction_page(
            template,
            errors,
            hidden_fields={PAGE_USERNAME_FIELD: self.user.username},
            user=view_of_user(self.user),
            switch_url=self.link(LOGIN),
            remember_days=remembered_days(self.browser),
            **values,
        )

    async def complete(self, *methods: str, response: Response | None = None) -> Response:
        """Sign the user in by the first factor and by these methods (RFC 8176)."""
        return await complete(
            self,
            self.user,
            amr=(self.sign_in.first_factor, *methods),
            auth_time=self.sign_in.auth_time,
            adds_factor=self.sign_in.adds_factor,
            provider=self.sign_in.provider,
            stays_signed_in=self.sign_in.stays_signed_in,
            response=response,
        )


async def get_second_factor_request(request: PageRequestDep) -> SecondFactorRequest:
    """Return the sign-in of this browser; without one, redirect to the sign-in page.

    The first factor may have expired, or may have been given in another browser.
    """
    sign_in = await find_own_sign_in(request)
    if sign_in is None:
        raise start_again(request)
    interaction = await load_interaction(request)
    return SecondFactorRequest(
        request.browser, request.fields, interaction.continuation, interaction.pending, sign_in
    )


SecondFactorRequestDep = Annotated[SecondFactorRequest, Depends(get_second_factor_request)]


async def find_own_sign_in(request: PageRequest) -> SignInState | None:
    """Return the sign-in that a page or a posted form belongs to, or None if it is invalid.

    A browser has one sign-in at a time. If another user has started one since the page was shown,
    the form is not applied to it, and the sign-in page explains why.
    """
    sign_in = await find_sign_in(request.browser)
    if (
        request.is_form
        and sign_in is not None
        and request.fields.get(PAGE_USERNAME_FIELD) != sign_in.user.username
    ):
        raise start_again(request, told="other")
    return sign_in


def start_again(request: PageRequest, **parameters: str) -> GoToError:
    """Return an error that redirects to the sign-in page, with the same continuation."""
    continuation = continuation_of(request.browser.request, request.fields)
    return GoToError(continuation.link(LOGIN, **parameters))


async def has_second_factor(browser: Browser, user: User) -> bool:
    return user.has_confirmed_otp or await browser.services.factors.passkeys.count_of(user) > 0


async def after_first_factor(
    request: InteractionRequest,
    user: User,
    *,
    first_factor: str,
    auth_time: datetime | None = None,
    provider: str | None = None,
) -> Response:
    """Sign a user in by the first factor, or ask for the second one."""
    if not await _is_enough(request, user, first_factor):
        return await ask_second_factor(
            request, user, first_factor=first_factor, auth_time=auth_time, provider=provider
        )
    return await complete(
        request,
        user,
        amr=(first_factor,),
        auth_time=auth_time,
        provider=provider,
        stays_signed_in=asks_to_stay(request),
    )


async def _is_enough(request: InteractionRequest, user: User, first_factor: str) -> bool:
    """Return whether the first factor alone signs a user in.

    A user who has a second factor is always asked for it, except in a trusted browser. For others
    the policy decides.
    """
    browser, is_federated = request.browser, first_factor != AMR_PASSWORD
    may_be_trusted = user.has_confirmed_otp or not is_federated
    if may_be_trusted and await is_remembered(browser, user):
        requirement = await requirement_for(request, user, always_looks_up=True)
        return requirement.accepts_substitutes
    if user.has_confirmed_otp:
        return False
    requirement = await requirement_for(request, user, always_looks_up=is_federated)
    may_have_none = requirement.accepts_substitutes if is_federated else not requirement.is_required
    return may_have_none and not await has_second_factor(browser, user)


async def ask_second_factor(
    request: InteractionRequest,
    user: User,
    *,
    first_factor: str,
    session: Session | None = None,
    auth_time: datetime | None = None,
    provider: str | None = None,
) -> Response:
    """Redirect a user who has given the first factor to the page of the second factor.

    The first factor was given now, at `auth_time`, or at the `auth_time` of `session`. A user
    without a confirmed TOTP gets one to enrol.
    """
    secret = None
    if not user.has_confirmed_otp:
        secret = await request.services.accounts.users.begin_enrolment(user)
    store_sign_in(
        request.browser,
        user,
        otp_secret=secret,
        first_factor=first_factor,
        session=session,
        auth_time=auth_time,
        provider=provider,
        stays_signed_in=asks_to_stay(request),
    )
    return redirect(request.link(OTP if secret is None else ENROLL))
