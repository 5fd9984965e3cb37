"""The pages of the console: one line per page below."""

from collections.abc import Sequence

from fastapi import FastAPI

from app.pages.admin import (
    agents,
    attributes,
    audit,
    authorization_types,
    blocked_hosts,
    clients,
    dashboard,
    groups,
    initial_access_tokens,
    keys,
    mail,
    providers,
    refusals,
    resources,
    roles,
    scopes,
    sessions,
    settings,
    trusted_issuers,
    users,
    webhooks,
)
from app.pages.admin.pages import ConsolePage

CONSOLE_PAGES: tuple[ConsolePage, ...] = (
    dashboard.PAGE,
    users.PAGE,
    groups.PAGE,
    roles.PAGE,
    attributes.PAGE,
    providers.PAGE,
    sessions.PAGE,
    clients.PAGE,
    agents.PAGE,
    blocked_hosts.PAGE,
    initial_access_tokens.PAGE,
    scopes.PAGE,
    resources.PAGE,
    authorization_types.PAGE,
    trusted_issuers.PAGE,
    refusals.PAGE,
    audit.PAGE,
    mail.PAGE,
    keys.PAGE,
    webhooks.PAGE,
    settings.PAGE,
)
"""The pages in the order of the navigation, in each of its sections."""


def install(application: FastAPI, pages: Sequence[ConsolePage]) -> None:
    """Add the console to an application. Without a page, there is no console."""
    application.state.console_pages = pages
    for page in pages:
        for router, dependencies in page.with_dependencies():
            application.include_router(router, dependencies=dependencies)
