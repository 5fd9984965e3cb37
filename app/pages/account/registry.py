"""Account pages: one file per page, one line per page below."""

from collections.abc import Iterator, Sequence

from fastapi import APIRouter, FastAPI, params

from app.pages.account import (
    activity,
    authenticator,
    confirm,
    connections,
    data,
    email,
    overview,
    passkeys,
    password,
    profile,
    recovery_codes,
    tokens,
)
from app.pages.account.pages import AccountPage, places_for_fresh_sign_in

ACCOUNT_PAGES: tuple[AccountPage, ...] = (
    profile.PAGE,
    email.PAGE,
    password.PAGE,
    authenticator.PAGE,
    passkeys.PAGE,
    recovery_codes.PAGE,
    connections.PAGE,
    tokens.PAGE,
    activity.PAGE,
    data.PAGE,
)
"""The pages in the order of their rows in the overview."""
COMMON = (overview.router, confirm.router)
"""The pages that lead to these, and that every application has."""


def install(application: FastAPI, pages: Sequence[AccountPage]) -> None:
    """Add account pages to an application, with everything that is derived from them."""
    application.state.account_pages = pages
    application.state.account_places = places_for_fresh_sign_in(pages)
    for router, dependencies in account_routers(pages):
        application.include_router(router, dependencies=dependencies)


def account_routers(
    pages: Sequence[AccountPage],
) -> Iterator[tuple[APIRouter, Sequence[params.Depends]]]:
    """Yield every router under `/account`, with the dependencies that its page declares."""
    for router in COMMON:
        yield router, []
    for page in pages:
        yield from page.routers()
