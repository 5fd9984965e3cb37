"""The pages: few packages with few imports between them, one home for URLs, and checked forms."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from fastapi.routing import APIRoute

from app.oauth.authorization.interactions import InteractionKind
from app.pages import PAGES
from app.pages.account.registry import ACCOUNT_PAGES, account_routers
from app.pages.admin.registry import CONSOLE_PAGES
from app.pages.support import urls
from tests.architecture.page_imports import ROOT, Figures, figures

MOST = Figures(
    packages=7,
    levels=5,
    package_imports=12,
    imports_between_packages=22,
    modules=182,
    imports=865,
)
"""What was reached. Before the packages, 37 modules on 10 levels had 140 imports."""
PATHS = {value for name, value in vars(urls).items() if name.isupper() and isinstance(value, str)}
BELOW = sorted(
    path
    for layer in ("oauth", "services", "repositories", "models", "schemas", "security", "wiring")
    for path in (ROOT / "app" / layer).rglob("*.py")
)
NAME_PAGES = {
    "services/operations/links.py",
    "oauth/metadata.py",
    "services/clients/presets/grafana.py",
}
"""What tells others the URLs of pages: the links in mails, and the metadata of the server; or names
a page of another server."""
ROUTES = [
    route
    for router in (
        *PAGES,
        *(router for router, _ in account_routers(ACCOUNT_PAGES)),
        *(router for page in CONSOLE_PAGES for router in page.routers),
    )
    for route in router.routes
    if isinstance(route, APIRoute)
]


def test_the_pages_stay_apart() -> None:
    reached = figures()

    exceeded = {
        name: (figure, most)
        for name, figure, most in zip(Figures._fields, reached, MOST, strict=True)
        if figure > most
    }
    assert exceeded == {}


def test_every_interaction_has_a_page() -> None:
    served = {route.path for route in ROUTES if "GET" in route.methods}

    assert set(urls.PAGE_OF) == set(InteractionKind)
    assert set(urls.PAGE_OF.values()) <= served


def test_the_url_of_every_page_is_served() -> None:
    served = {route.path for route in ROUTES}

    assert served >= PATHS


def test_no_layer_below_the_pages_contains_the_path_of_one() -> None:
    paths = {
        str(file.relative_to(ROOT / "app")): {
            text for text in strings_in(file) if is_path_of_page(text)
        }
        for file in BELOW
    }

    assert {file for file, found in paths.items() if found} == NAME_PAGES


def is_path_of_page(text: str) -> bool:
    beginning = text.partition("?")[0].rstrip("/")
    return any(beginning == path or beginning.startswith(f"{path}/") for path in PATHS)


def strings_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


OF_OTHER_SITES = {"authorize_by_post", "logout_by_post"}
"""Forms with the parameters of a protocol; they change nothing and have no CSRF token."""


def test_every_form_is_checked_for_control_characters() -> None:
    """`check` names the fields in which users type, which none but the route knows."""
    forms = [
        route for route in ROUTES if "POST" in route.methods and route.name not in OF_OTHER_SITES
    ]

    assert forms
    assert [route.path for route in forms if not checks_its_form(route)] == []


def checks_its_form(route: APIRoute) -> bool:
    endpoint = inspect.unwrap(route.endpoint)
    source = inspect.getsource(endpoint)
    shows_its_form_again = endpoint is not route.endpoint
    return ("request.check(" if shows_its_form_again else "request.check()") in source
