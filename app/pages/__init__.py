"""HTML pages: one file per page, one line per router below."""

from fastapi import APIRouter

from app.pages.account import verify_email
from app.pages.account.registry import ACCOUNT_PAGES
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
    known_network,
    new_recovery_codes,
    passkey,
    password,
    password_reset,
    recovery_code,
    step_up,
)
from app.pages.site import docs, home
from app.pages.support import assets

PAGES: tuple[APIRouter, ...] = (
    home.router,
    docs.router,
    assets.router,
    endpoint.router,
    password.router,
    password_reset.router,
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
    no_access.router,
    consent.router,
    device.router,
    logout.router,
    *ACCOUNT_PAGES,
)
