"""HTML for people: one file a page, one line a router below."""

from fastapi import APIRouter

from app.pages import (
    assets,
    authorization,
    consent,
    create_account,
    docs,
    login,
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
)
