"""Registries, not switches: what has a file has its line in the package's tuple."""

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import ModuleType

import pytest
from fastapi import APIRouter
from typer.main import get_group

import app.cli
import app.oauth.client_auth
import app.oauth.grants
import app.pages
import app.routers
import app.services.operations.desired_state.kinds
from app.cli.application import application
from app.cli.commands import COMMANDS, commands_for
from app.cli.parsing import Commands
from app.oauth.client_auth import CLIENT_AUTH_METHODS
from app.oauth.client_auth.base import ClientAuthMethod
from app.oauth.grants import GRANTS
from app.oauth.grants.base import Grant
from app.oauth.sectors import PROVE_THEIR_HOST
from app.pages import PAGES
from app.pages.account.pages import AccountPage
from app.pages.account.registry import ACCOUNT_PAGES, account_routers
from app.pages.admin.base import require_administrator, require_fresh_sign_in
from app.pages.admin.pages import ConsolePage
from app.pages.admin.registry import CONSOLE_PAGES
from app.routers import hot_endpoints, routers
from app.routers.admin.registry import ADMIN_ROUTERS
from app.routers.hot import HotEndpoint
from app.routers.openapi import FLOWS
from app.schemas.clients import DEFAULT_GRANT_TYPES, DEFAULT_PUBLIC_GRANT_TYPES
from app.services.operations.desired_state.kinds import KINDS
from app.services.operations.desired_state.kinds.base import Kind


def modules_of(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__"):
            yield importlib.import_module(found.name)


def classes_of(package: ModuleType, base: type) -> set[type]:
    """The concrete classes that its modules define themselves."""
    return {
        value
        for module in modules_of(package)
        for value in vars(module).values()
        if inspect.isclass(value)
        and issubclass(value, base)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
    }


def values_of(package: ModuleType, kind: type) -> list[object]:
    """The module-level values of a kind, each once."""
    found: dict[int, object] = {}
    for module in modules_of(package):
        for value in vars(module).values():
            if isinstance(value, kind):
                found[id(value)] = value
    return list(found.values())


def same_things(first: object, second: object) -> bool:
    return sorted(map(id, first)) == sorted(map(id, second))  # type: ignore[call-overload]


def test_every_grant_is_registered_once() -> None:
    assert classes_of(app.oauth.grants, Grant) == set(GRANTS)
    assert len({grant.grant_type for grant in GRANTS}) == len(GRANTS)


@pytest.mark.parametrize("grant", GRANTS, ids=lambda grant: grant.grant_type)
def test_every_grant_has_documentation_and_a_valid_example(grant: type[Grant]) -> None:  # type: ignore[type-arg]
    assert grant.parameters.model_validate(grant.example)
    assert grant.example["grant_type"] == grant.grant_type
    assert grant.example_name
    assert grant.parameters.__doc__


def test_lists_that_name_grants_name_registered_ones() -> None:
    """Each of them says what is special about these grants, and leaves every new one out."""
    public = {grant.grant_type for grant in GRANTS if grant.is_for_public_clients}

    assert {*DEFAULT_GRANT_TYPES, *FLOWS} <= {grant.grant_type for grant in GRANTS}
    assert {*DEFAULT_PUBLIC_GRANT_TYPES, *PROVE_THEIR_HOST} <= public


def test_every_client_authentication_method_is_registered_once() -> None:
    assert classes_of(app.oauth.client_auth, ClientAuthMethod) == set(CLIENT_AUTH_METHODS)
    assert len({method.name for method in CLIENT_AUTH_METHODS}) == len(CLIENT_AUTH_METHODS)


def test_every_router_is_registered() -> None:
    registered = {id(router) for router in (*routers(()), *ADMIN_ROUTERS)}

    assert {id(router) for router in values_of(app.routers, APIRouter)} <= registered


def test_every_page_is_registered() -> None:
    account = [router for router, _ in account_routers(ACCOUNT_PAGES)]
    console = [router for page in CONSOLE_PAGES for router in page.routers]

    registered = {id(router) for router in (*PAGES, *account, *console)}
    assert {id(router) for router in values_of(app.pages, APIRouter)} <= registered


def test_every_account_page_is_registered_once() -> None:
    assert same_things(values_of(app.pages, AccountPage), ACCOUNT_PAGES)
    assert len({page.place for page in ACCOUNT_PAGES}) == len(ACCOUNT_PAGES)


@pytest.mark.parametrize("page", ACCOUNT_PAGES, ids=lambda page: page.place)
def test_every_route_of_an_account_page_is_below_its_place(page: AccountPage) -> None:
    """A form of the page that is refused links to it by its place."""
    paths = [route.path for router, _ in page.routers() for route in router.routes]  # type: ignore[attr-defined]

    assert f"/account/{page.place}" in paths
    assert all(f"{path}/".startswith(f"/account/{page.place}/") for path in paths)


def test_every_page_of_the_console_is_registered_once() -> None:
    assert same_things(values_of(app.pages, ConsolePage), CONSOLE_PAGES)
    assert len({page.place for page in CONSOLE_PAGES}) == len(CONSOLE_PAGES)


@pytest.mark.parametrize("page", CONSOLE_PAGES, ids=lambda page: page.place or "dashboard")
def test_every_route_of_a_page_of_the_console_is_below_its_place(page: ConsolePage) -> None:
    """A sign-in continues at the path of the form that required it."""
    root = f"/admin/{page.place}".rstrip("/")
    routes = [route for router in page.routers for route in router.routes]
    shown = {route.path for route in routes if "GET" in route.methods}  # type: ignore[attr-defined]
    posted = {route.path for route in routes if "POST" in route.methods}  # type: ignore[attr-defined]

    assert root in shown
    assert all(f"{path}/".startswith(f"{root}/") for path in shown)
    assert posted <= shown


@pytest.mark.parametrize("page", CONSOLE_PAGES, ids=lambda page: page.place or "dashboard")
def test_a_form_of_the_console_is_only_for_administrators(page: ConsolePage) -> None:
    required = {require_administrator, require_fresh_sign_in}

    for router in page.routers:
        guards = {each.dependency for each in router.dependencies}
        for route in router.routes:
            assert guards & required or route.methods == {"GET"}, route.path  # type: ignore[attr-defined]


def test_every_hot_endpoint_is_in_the_fast_lane_and_declared_to_fastapi() -> None:
    endpoints = hot_endpoints(GRANTS)
    declared = {
        (method, route.path)  # type: ignore[attr-defined]
        for router in routers(endpoints)
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }

    constant = [endpoint for endpoint in endpoints if endpoint.path != "/token"]  # by the grants
    assert same_things(values_of(app.routers, HotEndpoint), constant)
    assert {(endpoint.method, endpoint.path) for endpoint in endpoints} <= declared


def test_every_command_is_registered_once() -> None:
    commands = commands_for([])

    assert same_things(values_of(app.cli, Commands), commands)
    assert list(get_group(application(commands)).commands) == list(COMMANDS)


def test_every_kind_of_desired_state_is_registered_once() -> None:
    assert classes_of(app.services.operations.desired_state.kinds, Kind) == set(KINDS)
    assert len({kind.section for kind in KINDS}) == len(KINDS)


def test_the_rows_of_every_kind_of_desired_state_have_an_owner_and_a_version() -> None:
    assert all({"owner", "version"} <= set(kind.table.c.keys()) for kind in KINDS)
