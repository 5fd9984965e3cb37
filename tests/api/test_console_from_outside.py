"""A page of the console of somebody else's: declared by a `ConsolePage`, it works everywhere."""

from typing import Any

import pytest
import pytest_asyncio
from starlette.responses import HTMLResponse, Response

from app.pages.admin.base import (
    ConsoleRequestDep,
    changes_router,
    console_router,
    dangerous_router,
)
from app.pages.admin.navigation import Section
from app.pages.admin.pages import ConsolePage
from app.pages.admin.registry import CONSOLE_PAGES
from app.schemas.admin_scopes import AdminScope
from tests.conftest import AppFactory
from tests.support.account import FRESH_SECONDS
from tests.support.application import Application
from tests.support.console import administrator_in, form_fields
from tests.support.visitor import Visitor, text_of, visiting

DATABASES = ("sqlite",)
PATH = "/admin/weather"


async def show(request: ConsoleRequestDep) -> Response:
    return HTMLResponse(f"<p>Sunny, {request.user.username}</p>")


async def change(request: ConsoleRequestDep) -> Response:
    request.check()
    return HTMLResponse("<p>Changed</p>")


def weather(**values: Any) -> ConsolePage:
    router, changes, dangerous = console_router(), changes_router(), dangerous_router()
    router.add_api_route(PATH, show, methods=["GET"])
    changes.add_api_route(f"{PATH}/change", change, methods=["POST"])
    dangerous.add_api_route(f"{PATH}/storm", change, methods=["POST"])
    declared = {
        "place": "weather",
        "label": "The weather",
        "section": Section.SERVER,
        "scope": AdminScope.AUDIT_READ,
        "routers": (router, changes, dangerous),
    }
    return ConsolePage(**{**declared, **values})


@pytest_asyncio.fixture
async def app(start_app: AppFactory) -> Application:
    return await start_app(console_pages=(*CONSOLE_PAGES, weather()))


async def test_it_is_in_the_navigation_and_opens_for_a_reader(visitor: Visitor) -> None:
    user = await administrator_in(visitor, "auditor")

    page = await visitor.get(PATH)

    assert text_of(page).strip() == f"Sunny, {user.username}"
    assert f'href="{PATH}">The weather' in (await visitor.get("/admin")).text


async def test_its_changes_are_for_administrators_and_the_dangerous_ones_after_a_recent_sign_in(
    app: Application, visitor: Visitor
) -> None:
    await administrator_in(visitor, "auditor")
    fields = await form_fields(visitor)
    refused = await visitor.http.post(f"{PATH}/change", data=fields)
    await administrator_in(visitor)
    fields = await form_fields(visitor)
    app.clock.advance(seconds=FRESH_SECONDS)

    changed = await visitor.http.post(f"{PATH}/change", data=fields)
    dangerous = await visitor.http.post(f"{PATH}/storm", data=fields)

    assert (refused.status_code, changed.status_code) == (403, 200)
    assert dangerous.headers["location"].startswith("/login?next=admin%2Fweather%2Fstorm")


async def test_a_page_that_needs_a_scope_its_reader_lacks_is_neither_shown_nor_linked(
    start_app: AppFactory,
) -> None:
    app = await start_app(console_pages=(*CONSOLE_PAGES, weather(scope=AdminScope.USERS_WRITE)))
    async with visiting(app) as visitor:
        await administrator_in(visitor, "auditor")

        assert (await visitor.get(PATH)).status_code == 403
        assert PATH not in (await visitor.get("/admin")).text


@pytest.mark.parametrize("missing", ["scope", "section", "routers"])
def test_a_page_without_a_declaration_cannot_be_built(missing: str) -> None:
    declared = {
        "place": "weather",
        "label": "The weather",
        "section": Section.SERVER,
        "scope": AdminScope.AUDIT_READ,
        "routers": (),
    }
    del declared[missing]

    with pytest.raises(TypeError, match=missing):
        ConsolePage(**declared)  # type: ignore[arg-type]  # incomplete on purpose
