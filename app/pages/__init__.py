"""HTML pages: one file per page, one line per router below."""

from fastapi import APIRouter

from app.pages import (
    assets,
    authorization,
    consent,
    create_account,
    device,
    docs,
    known_network,
    login,
    logout,
    passkeys,
    recover,
    recovery,
    recovery_codes,
    select_account,
    step_up,
    upstream,
    upstream_new,
    verify_email,
    welcome,
)
from app.pages.account import ACCOUNT_PAGES

PAGES: tuple[APIRouter, ...] = (
    welcome.router,
    docs.router,
    assets.router,
    authorization.router,
    login.router,
    recover.router,
    verify_email.router,
    known_network.router,
    recovery.router,
    recovery_codes.router,
    step_up.router,
    passkeys.router,
    upstream.router,
    upstream_new.router,
    create_account.router,
    select_account.router,
    consent.router,
    device.router,
    logout.router,
    *ACCOUNT_PAGES,
)
