"""HTML pages: one file per page, one line per router below."""

from fastapi import APIRouter

from app.pages import (
    assets,
    authorization,
    consent,
    create_account,
    device,
    docs,
    federation,
    federation_new_account,
    home,
    known_network,
    login,
    logout,
    passkeys,
    password_reset,
    recovery_code,
    recovery_codes,
    select_account,
    step_up,
    verify_email,
)
from app.pages.account.registry import ACCOUNT_PAGES

PAGES: tuple[APIRouter, ...] = (
    home.router,
    docs.router,
    assets.router,
    authorization.router,
    login.router,
    password_reset.router,
    verify_email.router,
    known_network.router,
    recovery_code.router,
    recovery_codes.router,
    step_up.router,
    passkeys.router,
    federation.router,
    federation_new_account.router,
    create_account.router,
    select_account.router,
    consent.router,
    device.router,
    logout.router,
    *ACCOUNT_PAGES,
)
