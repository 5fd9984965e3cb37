"""HTML for people: one file a page, one line a router below."""

from fastapi import APIRouter

from app.pages import (
    account,
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
    account.router,
)
