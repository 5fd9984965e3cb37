"""`/account`: what a person may see and change of his own account; one file a page."""

from fastapi import APIRouter

from app.pages.account import overview

ACCOUNT_PAGES: tuple[APIRouter, ...] = (overview.router,)
