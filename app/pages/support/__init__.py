"""What all pages share. The names below are for every page; its modules have the special ones."""

from app.pages.support.browser import AnswerInsteadError, Browser, BrowserDep, GoToError
from app.pages.support.continuation import Continuation, continuation_of
from app.pages.support.forms import Errors, Fields, FormExpiredError, ShowAgainError, shown_version
from app.pages.support.interactions import (
    InteractionRequest,
    InteractionRequestDep,
    PendingDep,
    load_interaction,
)
from app.pages.support.page_requests import PageRequest, PageRequestDep
from app.pages.support.responses import see_other
from app.pages.support.routes import page_router, redirect, shows_again

__all__ = [
    "AnswerInsteadError",
    "Browser",
    "BrowserDep",
    "Continuation",
    "Errors",
    "Fields",
    "FormExpiredError",
    "GoToError",
    "InteractionRequest",
    "InteractionRequestDep",
    "PageRequest",
    "PageRequestDep",
    "PendingDep",
    "ShowAgainError",
    "continuation_of",
    "load_interaction",
    "page_router",
    "redirect",
    "see_other",
    "shown_version",
    "shows_again",
]
