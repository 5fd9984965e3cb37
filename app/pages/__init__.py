"""HTML for people: one file a page, one line a router below."""

from fastapi import APIRouter

from app.pages import (
    assets,
    authorization,
    consent,
    create_account,
    device,
    docs,
    login,
    logout,
    select_account,
    welcome,
)
from app.pages.account import ACCOUNT_PAGES

PAGES: tuple[APIRouter, ...] = (
    welcome.router,
    docs.router,
    assets.router,
    authorization.router,
    login.router,
    create_account.router,
    select_account.router,
    consent.router,
    device.router,
    logout.router,
    *ACCOUNT_PAGES,
)
