"""HTML pages: one file per page, one line per router below.

Account pages and the pages of the console have their own lists.
"""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from app.pages.account import registry as account_registry
from app.pages.account import verify_email
from app.pages.account.pages import AccountPage
from app.pages.authorize import (
    consent,
    device,
    endpoint,
    logout,
    no_access,
    select_account,
)
from app.pages.federation import callback, new_account, start
from app.pages.sign_in import (
    create_account,
    enrolment,
    invitation,
    known_network,
    new_recovery_codes,
    otp,
    passkey,
    password,
    password_reset,
    recovery_code,
    step_up,
)
from app.pages.site import docs, home, well_known
from app.pages.support import assets, errors

PAGES: tuple[APIRouter, ...] = (
    home.router,
    docs.router,
    well_known.router,
    assets.router,
    endpoint.router,
    password.router,
    otp.router,
    enrolment.router,
    password_reset.router,
    invitation.router,
    verify_email.router,
    known_network.router,
    recovery_code.router,
    new_recovery_codes.router,
    step_up.router,
    passkey.router,
    start.router,
    callback.router,
    new_account.router,
    create_account.router,
    select_account.router,
    consent.router,
    no_access.router,
    device.router,
    device.pictures,
    logout.router,
)


def install(application: FastAPI, account_pages: Sequence[AccountPage]) -> None:
    """Add all pages but the console to an application, and pages for its errors."""
    for router in PAGES:
        application.include_router(router)
    account_registry.install(application, account_pages)
    errors.install(application)
