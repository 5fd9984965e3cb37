"""Account pages: one file per page, one line per router below."""

from fastapi import APIRouter

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
)

ACCOUNT_PAGES: tuple[APIRouter, ...] = (
    overview.router,
    confirm.router,
    profile.router,
    password.router,
    email.router,
    authenticator.router,
    passkeys.router,
    recovery_codes.router,
    connections.router,
    activity.router,
    data.router,
)
